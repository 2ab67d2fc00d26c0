#include "reporter.h"

#include <utility>

#include "environment.h"

namespace paroattn {
namespace cuda {

// Made, settled and deleted on the JavaScript thread; in between, the waiter's thread adds the outcome.
struct Reporter::Pending {
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference view;  // and with it this reporter and the stream
  Napi::ObjectReference keep;
  FailurePtr failure;
  std::shared_ptr<std::function<FailurePtr()>> conclude;
};

// Holds a promise while it waits; settles it once, at the latest when it is dropped.
struct Reporter::Ticket {
  Ticket(Reporter* reporter, Pending* pending) : reporter_(reporter), pending_(pending) {}
  ~Ticket() {
    if (pending_ != nullptr) settle(make_failure("dispose", "the backend was disposed of"));
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void settle(const FailurePtr& failure) {
    Pending* const pending = std::exchange(pending_, nullptr);
    if (pending == nullptr) return;
    pending->failure = failure;
    // Refused only while the environment is torn down, on its own thread.
    if (reporter_->function_.NonBlockingCall(pending) != napi_ok) delete pending;
  }

 private:
  Reporter* reporter_;
  Pending* pending_;
};

Reporter::Reporter(Napi::Env env, std::shared_ptr<Stream> stream) : env_(env), stream_(std::move(stream)) {
  function_ = Function::New(env, "paroattn CUDA stream", 0, 1, this);
  function_.Unref(env);
  // Registered after the function, so it runs before the function's own cleanup: the waiter must be silent by then.
  napi_add_env_cleanup_hook(env, on_environment_end, this);
}

Reporter::~Reporter() {
  if (environment_ended_) return;
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  function_.Release();
}

void Reporter::on_environment_end(void* data) {
  Reporter* const reporter = static_cast<Reporter*>(data);
  reporter->environment_ended_ = true;
  if (const std::shared_ptr<Stream> stream = reporter->stream_.lock()) stream->stop();
}

Reporter::Promise Reporter::open(Napi::Env env, Napi::Object view, Napi::Object keep) {
  auto* pending =
      new Pending{Napi::Promise::Deferred::New(env), Napi::Persistent(view), Napi::Persistent(keep), nullptr,
                  std::make_shared<std::function<FailurePtr()>>()};
  const Napi::Value promise = pending->deferred.Promise();
  const auto ticket = std::make_shared<Ticket>(this, pending);
  if (open_++ == 0) function_.Ref(env);
  return {promise, [ticket](const FailurePtr& failure) { ticket->settle(failure); }, pending->conclude};
}

void Reporter::deliver(Napi::Env env, Napi::Function, Reporter* reporter, Pending* pending) {
  const std::unique_ptr<Pending> owned(pending);
  // Without an environment the function is being torn down.
  if (env == nullptr) return;
  if (--reporter->open_ == 0) reporter->function_.Unref(env);
  if (*owned->conclude) {
    const FailurePtr failure = (*owned->conclude)();
    if (!owned->failure) owned->failure = failure;
  }
  Environment::of(env).report_memory(env);
  if (!owned->failure) return owned->deferred.Resolve(env.Null());
  Napi::Object failure = Napi::Object::New(env);
  failure["operator"] = owned->failure->operator_name;
  failure["message"] = owned->failure->message;
  failure["cancelledBy"] = static_cast<double>(owned->failure->cancelled_by);
  owned->deferred.Resolve(failure);
}

}  // namespace cuda
}  // namespace paroattn
