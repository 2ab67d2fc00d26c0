// The exports of the addon. src/native.ts describes them; the two are kept in step by hand.
#include <napi.h>

#include <exception>
#include <string>
#include <utility>

#include "environment.h"
#include "issue.h"
#include "opaque.h"
#include "operators/table.h"
#include "view.h"

namespace paroattn {
namespace cuda {
namespace {

std::shared_ptr<ViewState> make_state(CancellationPtr cancellation, std::shared_ptr<Timings> timings) {
  auto state = std::make_shared<ViewState>();
  state->cancellation = std::move(cancellation);
  state->timings = std::move(timings);
  return state;
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

// Throws where nothing can be enqueued any more.
void require_open(Napi::Env env, const Stream& stream, const Lease::Use& use) {
  if (stream.closed()) throw Napi::Error::New(env, "The backend was disposed of");
  if (!use.alive()) throw Napi::Error::New(env, "The device is broken");
}

// Why promises of it settle at once; null while it takes commands.
FailurePtr ended(const Stream& stream, const Lease::Use& use) {
  if (!use.alive()) return stream.lease().broken();
  return stream.closed() ? make_failure("dispose", "the backend was disposed of") : nullptr;
}

Napi::Object failure_object(Napi::Env env, const Failure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object["operator"] = failure.operator_name;
  object["message"] = failure.message;
  object["cancelledBy"] = static_cast<double>(failure.cancelled_by);
  return object;
}

// createRoot(device: number, memoryLimit: number): View; throws one sentence where the device cannot be had
Napi::Value create_root(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) throw Napi::TypeError::New(env, "Expected two numbers");
  const double limit = info[1].As<Napi::Number>().DoubleValue();
  if (!(limit >= 0 && limit <= 9007199254740991.0)) throw Napi::TypeError::New(env, "Expected a number of bytes for memoryLimit");
  const int device = info[0].As<Napi::Number>().Int32Value();
  auto stream = std::make_shared<Stream>(device, static_cast<size_t>(limit));
  const Lease::Use use(stream->lease());
  Environment::of(env).watch(stream->pool());
  auto reporter = std::make_shared<Reporter>(env, stream);
  auto state = make_state(stream->make_cancellation(false), nullptr);
  return make_opaque(env, View{std::move(reporter), std::move(stream), std::move(state)});
}

// createChild(view, cancellable: boolean, timed: boolean): View
Napi::Value create_child(const Napi::CallbackInfo& info) {
  const View& parent = view_of(info);
  const Lease::Use use(parent.stream->lease());
  require_open(info.Env(), *parent.stream, use);
  auto cancellation = info[1].ToBoolean() ? parent.stream->make_cancellation(true) : parent.state->cancellation;
  auto timings = info[2].ToBoolean() ? std::make_shared<Timings>() : parent.state->timings;
  return make_opaque(info.Env(),
                     View{parent.reporter, parent.stream, make_state(std::move(cancellation), std::move(timings))});
}

// describe(view): { name, major, minor, memory }
Napi::Value describe_device(const Napi::CallbackInfo& info) {
  const DeviceFacts& facts = view_of(info).stream->facts();
  Napi::Object result = Napi::Object::New(info.Env());
  result["name"] = facts.name;
  result["major"] = facts.major;
  result["minor"] = facts.minor;
  result["memory"] = static_cast<double>(facts.memory);
  return result;
}

// broken(view): Failure | null, why the device refuses everything from now on
Napi::Value broken(const Napi::CallbackInfo& info) {
  const FailurePtr failure = view_of(info).stream->lease().broken();
  if (!failure) return info.Env().Null();
  return failure_object(info.Env(), *failure);
}

// cancel(view): void
void cancel(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  view.stream->cancel(*view.state->cancellation);
}

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
  const Lease::Use use(view.stream->lease());
  require_open(info.Env(), *view.stream, use);
  const BufferPtr buffer = view.stream->upload(bytes.Data(), bytes.ByteLength());
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
  const Lease::Use use(view.stream->lease());
  Napi::ArrayBuffer target = info[2].As<Napi::ArrayBuffer>();
  Reporter::Promise promise = view.reporter->open(info.Env(), info[0].As<Napi::Object>(), target);
  if (const FailurePtr failure = ended(*view.stream, use)) {
    promise.settle(failure);
  } else {
    *promise.conclude = view.stream->read(buffer, target.Data(), promise.settle);
  }
  return promise.promise;
}

// flush(view, takeFailure: boolean): Promise<Failure | null>
Napi::Value flush(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  const Lease::Use use(view.stream->lease());
  Reporter::Promise promise = view.reporter->open(info.Env(), info[0].As<Napi::Object>(), info[0].As<Napi::Object>());
  if (const FailurePtr failure = ended(*view.stream, use)) {
    promise.settle(failure);
  } else {
    *promise.conclude = view.stream->flush(view.state, info[1].ToBoolean(), promise.settle);
  }
  return promise.promise;
}

// timings(view): Record<string, { calls, milliseconds }>
Napi::Value timings(const Napi::CallbackInfo& info) {
  const View& view = view_of(info);
  Napi::Object result = Napi::Object::New(info.Env());
  if (!view.state->timings) return result;
  const Lease::Use use(view.stream->lease());
  require_open(info.Env(), *view.stream, use);
  for (const auto& [label, entry] : view.stream->timings(*view.state->timings)) {
    Napi::Object item = Napi::Object::New(info.Env());
    item["calls"] = static_cast<double>(entry.calls);
    item["milliseconds"] = entry.milliseconds;
    result[label] = item;
  }
  return result;
}

// memory(view): { inUse, kept, peak } in bytes
Napi::Value memory(const Napi::CallbackInfo& info) {
  const MemoryReport report = view_of(info).stream->pool()->report();
  Napi::Object result = Napi::Object::New(info.Env());
  result["inUse"] = static_cast<double>(report.in_use);
  result["kept"] = static_cast<double>(report.kept);
  result["peak"] = static_cast<double>(report.peak);
  return result;
}

// share(handle): Handle, a second owner of the same memory
Napi::Value share(const Napi::CallbackInfo& info) { return handle_of(info.Env(), buffer_at(info, 0)); }

// failed(handle): boolean, whether it is known by now that it could not be made
Napi::Value failed(const Napi::CallbackInfo& info) {
  const ResourcePtr& resource = handle_at(info, 0).resource;
  if (!resource) throw Napi::TypeError::New(info.Env(), "Expected a live handle");
  return Napi::Boolean::New(info.Env(), resource->failed() != nullptr);
}

// release(handle): void
void release(const Napi::CallbackInfo& info) {
  handle_at(info, 0).resource.reset();
  Environment::of(info.Env()).report_memory(info.Env());
}

// An operator's own function: add(view, options): Handle, and so on.
Napi::Value call_operator(const Napi::CallbackInfo& info) {
  const auto* entry = static_cast<const OperatorEntry*>(info.Data());
  if (!info[1].IsObject()) throw Napi::TypeError::New(info.Env(), "Expected an options object");
  const View& view = view_of(info);
  const Lease::Use use(view.stream->lease());
  require_open(info.Env(), *view.stream, use);
  try {
    Napi::Value result = entry->call(view, Arguments(info.Env(), info[1].As<Napi::Object>()));
    Environment::of(info.Env()).report_memory(info.Env());
    return result;
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), std::string(entry->name) + ": not enough memory to issue the command");
  }
}

// Turns every C++ exception into a JavaScript one.
template <void (*call)(const Napi::CallbackInfo&)>
void guarded(const Napi::CallbackInfo& info) {
  try {
    call(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

template <Napi::Value (*call)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return call(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

template <void (*call)(const Napi::CallbackInfo&)>
void add_procedure(Napi::Object exports, const char* name) {
  exports[name] = Napi::Function::New<guarded<call>>(exports.Env(), name);
}

template <Napi::Value (*call)(const Napi::CallbackInfo&)>
void add_function(Napi::Object exports, const char* name) {
  exports[name] = Napi::Function::New<guarded<call>>(exports.Env(), name);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  add_function<create_root>(exports, "createRoot");
  add_function<create_child>(exports, "createChild");
  add_function<describe_device>(exports, "describe");
  add_function<broken>(exports, "broken");
  add_procedure<cancel>(exports, "cancel");
  add_function<cancellation_id>(exports, "cancellationId");
  add_procedure<close>(exports, "close");
  add_function<upload>(exports, "upload");
  add_function<read>(exports, "read");
  add_function<flush>(exports, "flush");
  add_function<timings>(exports, "timings");
  add_function<memory>(exports, "memory");
  add_function<share>(exports, "share");
  add_function<failed>(exports, "failed");
  add_procedure<release>(exports, "release");
  // Entries live as long as the process: functions point at them.
  static const std::vector<OperatorEntry> groups[] = {norm_operators(), elementwise_operators(), layout_operators(),
                                                      attention_operators()};
  for (const auto& group : groups) {
    for (const OperatorEntry& entry : group) {
      exports[entry.name] =
          Napi::Function::New(env, guarded<call_operator>, entry.name, const_cast<OperatorEntry*>(&entry));
    }
  }
  return exports;
}

NODE_API_MODULE(paroattn_cuda, initialize)

}  // namespace
}  // namespace cuda
}  // namespace paroattn
