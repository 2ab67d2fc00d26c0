// The options object of an operator, read field by field. TypeScript has validated it; what does not fit throws all the
// same, naming the field, so that a mistake there is an error and not a crash.
#ifndef PAROATTN_CUDA_ADDON_ARGUMENTS_H_
#define PAROATTN_CUDA_ADDON_ARGUMENTS_H_

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/element.h"
#include "resource.h"
#include "view.h"

namespace paroattn {
namespace cuda {

// A tensor's memory and element type.
struct TensorArgument {
  BufferPtr buffer;  // null where the argument was left out
  Element element = Element::kF32;

  const void* data() const noexcept { return buffer ? buffer->data() : nullptr; }
};

class Arguments {
 public:
  Arguments(Napi::Env env, Napi::Object object) : env_(env), object_(object) {}

  Napi::Env env() const noexcept { return env_; }
  bool has(const char* name) const { return !get(name).IsUndefined(); }
  double number(const char* name) const;
  bool flag(const char* name) const;
  int64_t size(const char* name) const;
  // A size that the kernels count in 32 bits.
  int count(const char* name) const;
  std::string text(const char* name) const;
  std::vector<int64_t> sizes(const char* name) const;
  std::vector<double> numbers(const char* name) const;
  std::vector<uint32_t> words(const char* name) const;  // of a Uint32Array, copied
  std::vector<uint8_t> bytes(const char* name) const;   // of a Uint8Array, copied
  std::vector<std::vector<uint32_t>> word_lists(const char* name) const;
  // "f32" | "f16" | "bf16"
  Element element(const char* name) const;

  // A live tensor of exactly so many elements: { handle, type: "f32" | "f16" | "bf16" }.
  TensorArgument tensor(const char* name, int64_t elements) const;
  TensorArgument tensor(const char* name, int64_t elements, Element element) const;
  TensorArgument optional_tensor(const char* name, int64_t elements) const;
  TensorArgument optional_tensor(const char* name, int64_t elements, Element element) const;
  // An array of them, of any sizes.
  std::vector<TensorArgument> tensors(const char* name) const;

  template <class T>
  std::shared_ptr<T> resource(const char* name) const {
    auto found = std::dynamic_pointer_cast<T>(live(get(name), name));
    if (!found) fail(name, "a handle of another kind");
    return found;
  }
  template <class T>
  std::shared_ptr<T> optional_resource(const char* name) const {
    return has(name) ? resource<T>(name) : nullptr;
  }

  [[noreturn]] void fail(const char* name, const std::string& expected) const;

 private:
  Napi::Value get(const char* name) const { return object_.Get(name); }
  ResourcePtr live(const Napi::Value& value, const char* name) const;
  TensorArgument tensor_of(const Napi::Value& value, const char* name) const;

  Napi::Env env_;
  Napi::Object object_;
};

// rows * columns and so on; throws std::bad_alloc where the product does not fit.
int64_t product(std::initializer_list<int64_t> sizes);
int64_t product(const std::vector<int64_t>& sizes);
// The same in bytes of an element type.
inline size_t bytes_of(int64_t elements, Element element) {
  return static_cast<size_t>(product({elements, static_cast<int64_t>(size_of(element))}));
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_ARGUMENTS_H_
