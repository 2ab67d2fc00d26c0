// Copies of ordinary host memory to the device on one stream. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_HOST_COPIES_H_
#define PAROATTN_CUDA_ADDON_HOST_COPIES_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "host_memory.h"
#include "progress.h"

namespace paroattn {
namespace cuda {

class HostCopies {
 public:
  // All of them count as commands of that name in `progress`, which is the stream's own.
  HostCopies(HostPool& host, Progress& progress, const char* name) : host_(host), progress_(progress), name_(name) {}
  // The stream has run dry by then, or its device is broken.
  ~HostCopies();
  HostCopies(const HostCopies&) = delete;
  HostCopies& operator=(const HostCopies&) = delete;

  // `data` is free at the return: it is copied into page-locked memory at once, of which at most 256 MiB are in flight;
  // then this waits for the device. Throws CudaError.
  void copy(const void* data, size_t bytes, void* target, cudaStream_t stream);

 private:
  void reclaim();

  HostPool& host_;
  Progress& progress_;
  const char* const name_;
  struct BlockInFlight {
    uint64_t number;  // of the command that reads it
    HostBlock block;
  };
  std::deque<BlockInFlight> blocks_;
  size_t bytes_ = 0;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_HOST_COPIES_H_
