// The exports of the addon. src/native.ts describes them; the two are kept in step by hand.
#include <napi.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "common/targets.h"
#include "environment.h"
#include "issue.h"
#include "opaque.h"
#include "operators/table.h"
#include "view.h"

namespace paroattn {
namespace {

constexpr int kMostThreads = 1024;

std::shared_ptr<ViewState> make_state(std::shared_ptr<Cancellation> cancellation, std::shared_ptr<Timings> timings) {
  auto state = std::make_shared<ViewState>();
  state->cancellation = std::move(cancellation);
  state->timings = std::move(timings);
  return state;
}

std::shared_ptr<Cancellation> make_cancellation() {
  static std::atomic<uint64_t> last{0};
  auto cancellation = std::make_shared<Cancellation>();
  cancellation->id = ++last;
  return cancellation;
}

View& view_of(const Napi::CallbackInfo& info) { return open_opaque<View>(info.Env(), info[0], "view"); }

Handle& handle_at(const Napi::CallbackInfo& info, size_t index) {
  return open_opaque<Handle>(info.Env(), info[index], "handle");
}

BufferPtr buffer_at(const Napi::CallbackInfo& info, size_t index) {
  auto buffer = std::dynamic_pointer_cast<Buffer>(handle_at(info, index).resource);
  if (!buffer) throw Napi::TypeError::New(info.Env(), "Expected a live tensor");
  return buffer;
}

// In the order of Target.
constexpr const char* kTargets[] = {"scalar", "avx2", "avx2-vnni", "avx512", "avx512-vnni"};

Napi::String name_of(Napi::Env env, Target target) { return Napi::String::New(env, kTargets[static_cast<size_t>(target)]); }

// limitTarget(target: string): boolean
Napi::Value limit(const Napi::CallbackInfo& info) {
  const auto name = std::find(std::begin(kTargets), std::end(kTargets), info[0].ToString().Utf8Value());
  const bool known = name != std::end(kTargets);
  return Napi::Boolean::New(info.Env(), known && limit_target(static_cast<Target>(name - kTargets)));
}

// currentTarget(): string
Napi::Value current(const Napi::CallbackInfo& info) { return name_of(info.Env(), current_target()); }

// machineTargets(): string[]
Napi::Value targets_of_machine(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (const Target target : machine_targets()) names[names.Length()] = name_of(info.Env(), target);
  return names;
}

// createRoot(threads: number): View
Napi::Value create_root(const Napi::CallbackInfo& info) {
  const double threads = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  if (!(threads >= 1 && threads <= kMostThreads)) {
    throw Napi::TypeError::New(info.Env(), "Expected 1 to " + std::to_string(kMostThreads) + " for threads");
  }
  auto stream = std::make_shared<Stream>(static_cast<size_t>(threads));
  Environment::of(info.Env()).watch(stream->pool());
  auto reporter = std::make_shared<Reporter>(info.Env(), stream);
  return make_opaque(info.Env(), View{std::move(reporter), std::move(stream), make_state(make_cancellation(), nullptr)});
}

// createChild(view, cancellable: boolean, timed: boolean): View
Napi::Value create_child(const Napi::CallbackInfo& info) {
  const View& parent = view_of(info);
  auto cancellation = info[1].ToBoolean() ? make_cancellation() : parent.state->cancellation;
  auto timings = info[2].ToBoolean() ? std::make_shared<Timings>() : parent.state->timings;
  return make_opaque(info.Env(), View{parent.reporter, parent.stream, make_state(std::move(cancellation), std::move(timings))});
}

// cancel(view): void
void cancel(const Napi::CallbackInfo& info) { view_of(info).state->cancellation->flag = true; }

// cancellationId(view): number
Napi::Value cancellation_id(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(view_of(info).state->cancellation->id));
}

// close(view): void
void close(const Napi::CallbackInfo& info) { view_of(info).stream->close(); }

// upload(view, bytes: Uint8Array): Handle. Copies at once.
Napi::Value upload(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), "Expected a Uint8Array for bytes");
  }
  const Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  auto buffer = std::make_shared<Buffer>(view.stream->pool(), bytes.ByteLength());
  try {
    buffer->allocate();
    if (bytes.ByteLength() > 0) std::memcpy(buffer->data(), bytes.Data(), bytes.ByteLength());
  } catch (const std::bad_alloc&) {
    const std::string message = "not enough memory for " + std::to_string(bytes.ByteLength()) + " bytes";
    buffer->failure = std::make_shared<Failure>(Failure{"upload", message, 0});
  }
  Environment::of(info.Env()).report_memory(info.Env());
  return handle_of(info.Env(), buffer);
}

// read(view, handle, target: ArrayBuffer): Promise<Failure | null>
Napi::Value read(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  const BufferPtr buffer = buffer_at(info, 1);
  if (!info[2].IsArrayBuffer() || info[2].As<Napi::ArrayBuffer>().ByteLength() != buffer->bytes()) {
    throw Napi::TypeError::New(info.Env(), "Expected an ArrayBuffer of the tensor's size");
  }
  Napi::ArrayBuffer target = info[2].As<Napi::ArrayBuffer>();
  void* const destination = target.Data();
  Reporter::Promise promise = view.reporter->open(info.Env(), info[0].As<Napi::Object>(), target);
  Command command;
  command.operator_name = "read";
  command.view = view.state;
  command.inputs = {buffer};
  command.run = [buffer, destination](const Running&) {
    if (buffer->bytes() > 0) std::memcpy(destination, buffer->data(), buffer->bytes());
  };
  command.report = std::move(promise.settle);
  view.stream->push(std::move(command));
  return promise.promise;
}

// flush(view, takeFailure: boolean): Promise<Failure | null>
Napi::Value flush(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  const bool take = info[1].ToBoolean();
  Reporter::Promise promise = view.reporter->open(info.Env(), info[0].As<Napi::Object>(), info[0].As<Napi::Object>());
  Command command;
  command.operator_name = "flush";
  command.view = view.state;
  command.report = [state = view.state, settle = std::move(promise.settle), take](const FailurePtr&) {
    settle(take ? std::exchange(state->failure, nullptr) : nullptr);
  };
  view.stream->push(std::move(command));
  return promise.promise;
}

// timings(view): Record<string, { calls, milliseconds }>
Napi::Value timings(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  const auto& timings = view_of(info).state->timings;
  if (!timings) return result;
  for (const auto& [label, entry] : timings->entries()) {
    Napi::Object item = Napi::Object::New(info.Env());
    item["calls"] = static_cast<double>(entry.calls);
    item["milliseconds"] = entry.milliseconds;
    result[label] = item;
  }
  return result;
}

// memory(view): number, bytes held by the stream's tensors and kept for reuse
Napi::Value memory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(view_of(info).stream->pool()->held()));
}

// share(handle): Handle, a second owner of the same memory
Napi::Value share(const Napi::CallbackInfo& info) { return handle_of(info.Env(), buffer_at(info, 0)); }

// release(handle): void
void release(const Napi::CallbackInfo& info) {
  handle_at(info, 0).resource.reset();
  Environment::of(info.Env()).report_memory(info.Env());
}

// An operator's own function: linear(view, options): Handle, and so on.
Napi::Value call_operator(const Napi::CallbackInfo& info) {
  const auto* entry = static_cast<const OperatorEntry*>(info.Data());
  if (!info[1].IsObject()) throw Napi::TypeError::New(info.Env(), "Expected an options object");
  try {
    const View& view = view_of(info);
    Napi::Value result = entry->call(view, Arguments(info.Env(), info[1].As<Napi::Object>()));
    Environment::of(info.Env()).report_memory(info.Env());
    return result;
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), std::string(entry->name) + ": not enough memory to issue the command");
  }
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports["limitTarget"] = Napi::Function::New<limit>(env, "limitTarget");
  exports["currentTarget"] = Napi::Function::New<current>(env, "currentTarget");
  exports["machineTargets"] = Napi::Function::New<targets_of_machine>(env, "machineTargets");
  exports["createRoot"] = Napi::Function::New<create_root>(env, "createRoot");
  exports["createChild"] = Napi::Function::New<create_child>(env, "createChild");
  exports["cancel"] = Napi::Function::New<cancel>(env, "cancel");
  exports["cancellationId"] = Napi::Function::New<cancellation_id>(env, "cancellationId");
  exports["close"] = Napi::Function::New<close>(env, "close");
  exports["upload"] = Napi::Function::New<upload>(env, "upload");
  exports["read"] = Napi::Function::New<read>(env, "read");
  exports["flush"] = Napi::Function::New<flush>(env, "flush");
  exports["timings"] = Napi::Function::New<timings>(env, "timings");
  exports["memory"] = Napi::Function::New<memory>(env, "memory");
  exports["share"] = Napi::Function::New<share>(env, "share");
  exports["release"] = Napi::Function::New<release>(env, "release");
  // Entries live as long as the process: functions point at them.
  static const std::vector<OperatorEntry> groups[] = {matrix_operators(), norm_operators(), elementwise_operators(),
                                                      layout_operators(), attention_operators()};
  for (const auto& group : groups) {
    for (const OperatorEntry& entry : group) {
      exports[entry.name] = Napi::Function::New(env, call_operator, entry.name, const_cast<OperatorEntry*>(&entry));
    }
  }
  return exports;
}

NODE_API_MODULE(paroattn_cpu, initialize)

}  // namespace
}  // namespace paroattn
