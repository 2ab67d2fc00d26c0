// How the binding of an operator puts its command into the stream.
#ifndef PAROATTN_ADDON_ISSUE_H_
#define PAROATTN_ADDON_ISSUE_H_

#include <napi.h>

#include <algorithm>
#include <utility>

#include "arguments.h"
#include "opaque.h"
#include "view.h"

namespace paroattn {

// Builds one command: what it reads, what it makes, what it does.
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
  Issue& reads(const WeightArgument& weight) { return reads(ResourcePtr(weight.buffer)); }
  // Whether the command may pack a weight: not where it also reads the same memory plain. After all other reads.
  bool takes_packed(const WeightArgument& weight) {
    const auto& inputs = command_.inputs;
    if (std::find(inputs.begin(), inputs.end(), weight.buffer) != inputs.end()) return false;
    command_.weights.push_back(weight.buffer);
    return true;
  }
  // A new result of so many elements, f32 where nothing else is said.
  BufferPtr makes(size_t elements, size_t element_bytes = 4) {
    auto output = std::make_shared<Buffer>(view_.stream->pool(), product({elements, element_bytes}));
    command_.outputs.push_back(output);
    return output;
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
  void runs(std::function<void(const Running&)> run) {
    command_.run = std::move(run);
    view_.stream->push(std::move(command_));
  }

 private:
  const View& view_;
  Command command_;
};

inline Napi::Value handle_of(Napi::Env env, ResourcePtr resource) { return make_opaque(env, Handle{std::move(resource)}); }

}  // namespace paroattn

#endif  // PAROATTN_ADDON_ISSUE_H_
