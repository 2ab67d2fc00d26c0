// Promises that the waiter's thread settles, through a thread-safe function.
#ifndef PAROATTN_CUDA_ADDON_REPORTER_H_
#define PAROATTN_CUDA_ADDON_REPORTER_H_

#include <napi.h>

#include <functional>
#include <memory>

#include "failure.h"
#include "stream.h"

namespace paroattn {
namespace cuda {

// Belongs to one JavaScript environment. The event loop is held only while a promise is open, so that an idle backend
// lets the process end.
class Reporter {
 public:
  Reporter(Napi::Env env, std::shared_ptr<Stream> stream);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  struct Promise {
    Napi::Value promise;
    // On any thread; the first call counts.
    std::function<void(const FailurePtr&)> settle;
    // On the JavaScript thread, where it is set: called once when the promise is delivered; a failure that it returns
    // counts where there was none.
    std::shared_ptr<std::function<FailurePtr()>> conclude;
  };
  // A promise of `null | { operator, message, cancelledBy }`. `view` and `keep` stay alive until it is settled.
  Promise open(Napi::Env env, Napi::Object view, Napi::Object keep);

 private:
  struct Pending;
  struct Ticket;
  static void deliver(Napi::Env env, Napi::Function, Reporter* reporter, Pending* pending);
  static void on_environment_end(void* data);
  using Function = Napi::TypedThreadSafeFunction<Reporter, Pending, deliver>;

  napi_env env_;
  std::weak_ptr<Stream> stream_;
  Function function_;
  size_t open_ = 0;
  bool environment_ended_ = false;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_REPORTER_H_
