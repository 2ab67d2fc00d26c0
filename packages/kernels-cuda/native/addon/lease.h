// One backend's hold on a device. CUDA keeps one context for all backends of a process on a device, and an error that
// breaks it (an illegal address, a failed launch) breaks it for all of them, until the device is reset.
#ifndef PAROATTN_CUDA_ADDON_LEASE_H_
#define PAROATTN_CUDA_ADDON_LEASE_H_

#include <cstdint>
#include <memory>

#include "failure.h"

namespace paroattn {
namespace cuda {

class Context;

class Lease {
 public:
  // Resets the device first where its context is broken: whoever held it before is dead and stays so.
  explicit Lease(int device);

  int device() const noexcept { return device_; }
  // The first failure of a context counts. Within a Use.
  void break_with(const FailurePtr& failure) const;
  // Why the context of this lease is gone; null while it lives.
  FailurePtr broken() const;

  // CUDA is called inside of one only: it keeps others from resetting the device meanwhile, and makes it the thread's
  // current one. They may nest. What CUDA gave to a dead lease (memory, streams, mapped flags) no longer exists.
  class Use {
   public:
    explicit Use(const Lease& lease);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    bool alive() const noexcept { return alive_; }

   private:
    Context& context_;
    bool alive_;
  };

 private:
  const int device_;
  Context& context_;
  uint64_t generation_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_LEASE_H_
