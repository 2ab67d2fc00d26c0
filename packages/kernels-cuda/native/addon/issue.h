// How the binding of an operator puts its command into the stream.
#ifndef PAROATTN_CUDA_ADDON_ISSUE_H_
#define PAROATTN_CUDA_ADDON_ISSUE_H_

#include <napi.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "arguments.h"
#include "opaque.h"
#include "view.h"

namespace paroattn {
namespace cuda {

// Builds one command: what it reads, what it makes, what it enqueues.
class Issue {
 public:
  Issue(const View& view, const char* operator_name) : view_(view) {
    command_.operator_name = operator_name;
    command_.view = view.state;
  }

  // Null is allowed and ignored.
  Issue& reads(const ResourcePtr& resource) {
    if (resource) command_.inputs.push_back(resource);
    return *this;
  }
  Issue& reads(const TensorArgument& tensor) { return reads(ResourcePtr(tensor.buffer)); }
  // A new tensor.
  BufferPtr makes(int64_t elements, Element element) {
    return makes(std::make_shared<Buffer>(view_.stream->pool(), bytes_of(elements, element)));
  }
  template <class T>
  std::shared_ptr<T> makes(std::shared_ptr<T> resource) {
    command_.outputs.push_back(resource);
    return resource;
  }
  Issue& label(std::string label) {
    command_.label = std::move(label);
    return *this;
  }
  // Called at once, unless the command fails before. It may throw OutOfMemory and CudaError.
  void runs(std::function<cudaError_t(const Running&)> run) {
    command_.run = std::move(run);
    view_.stream->enqueue(command_);
  }

 private:
  const View& view_;
  Command command_;
};

inline Napi::Value handle_of(Napi::Env env, ResourcePtr resource) {
  return make_opaque(env, Handle{std::move(resource)});
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_ISSUE_H_
