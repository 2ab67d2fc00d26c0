// The options object of an operator, read field by field. TypeScript has validated it; what does not fit throws all the
// same, naming the field, so that a mistake there is an error and not a crash.
#ifndef PAROATTN_ADDON_ARGUMENTS_H_
#define PAROATTN_ADDON_ARGUMENTS_H_

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/activation.h"
#include "common/weight.h"
#include "resource.h"
#include "view.h"

namespace paroattn {

// A weight's memory and element type, to be opened when the command runs.
struct WeightArgument {
  BufferPtr buffer;
  WeightType type = WeightType::kF32;

  Weight open() const noexcept { return buffer ? Weight{buffer->data(), type} : Weight{}; }
};

class Arguments {
 public:
  Arguments(Napi::Env env, Napi::Object object) : env_(env), object_(object) {}

  Napi::Env env() const noexcept { return env_; }
  bool has(const char* name) const { return !get(name).IsUndefined(); }
  double number(const char* name) const;
  bool flag(const char* name) const;
  size_t size(const char* name) const;
  std::string text(const char* name) const;
  std::vector<size_t> sizes(const char* name) const;
  std::vector<double> numbers(const char* name) const;
  std::vector<uint32_t> words(const char* name) const;  // of a Uint32Array, copied
  std::vector<uint8_t> bytes(const char* name) const;   // of a Uint8Array, copied
  Activation activation(const char* name) const;

  // A live handle's buffer of exactly so many elements, f32 (or i32) where nothing else is said.
  BufferPtr buffer(const char* name, size_t elements, size_t element_bytes = 4) const;
  BufferPtr optional_buffer(const char* name, size_t elements, size_t element_bytes = 4) const;
  std::vector<BufferPtr> buffers(const char* name) const;
  // { handle, type: "f32" | "f16" | "bf16" }
  WeightArgument weight(const char* name, size_t elements) const;
  WeightArgument optional_weight(const char* name, size_t elements) const;
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

  // An array; undefined items give null.
  template <class T>
  std::vector<std::shared_ptr<T>> resources(const char* name) const {
    std::vector<std::shared_ptr<T>> result;
    for (const ResourcePtr& item : optional_items(name)) {
      auto found = std::dynamic_pointer_cast<T>(item);
      if (item && !found) fail(name, "handles of another kind");
      result.push_back(std::move(found));
    }
    return result;
  }

  [[noreturn]] void fail(const char* name, const std::string& expected) const;

 private:
  Napi::Value get(const char* name) const { return object_.Get(name); }
  ResourcePtr live(const Napi::Value& value, const char* name) const;
  std::vector<ResourcePtr> optional_items(const char* name) const;
  BufferPtr buffer_of(const Napi::Value& value, const char* name, size_t bytes) const;

  Napi::Env env_;
  Napi::Object object_;
};

// rows * columns and so on; throws std::bad_alloc where the product does not fit.
size_t product(std::initializer_list<size_t> sizes);
size_t product(const std::vector<size_t>& sizes);

}  // namespace paroattn

#endif  // PAROATTN_ADDON_ARGUMENTS_H_
