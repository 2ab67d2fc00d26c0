// C++ objects in opaque JavaScript objects: wrapped, and tagged so that another object is refused instead of misread.
#ifndef PAROATTN_CUDA_ADDON_OPAQUE_H_
#define PAROATTN_CUDA_ADDON_OPAQUE_H_

#include <napi.h>

#include <string>
#include <utility>

namespace paroattn {
namespace cuda {

// T has `static constexpr napi_type_tag kTag` and `static constexpr const char* kName`. The object is deleted with its
// JavaScript owner.
template <class T>
Napi::Object make_opaque(Napi::Env env, T value) {
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&T::kTag);
  T* owned = new T(std::move(value));
  const napi_status status = napi_wrap(
      env, object, owned, [](napi_env, void* data, void*) { delete static_cast<T*>(data); }, nullptr, nullptr);
  if (status != napi_ok) {
    delete owned;
    throw Napi::Error::New(env, "napi_wrap failed");
  }
  return object;
}

template <class T>
T& open_opaque(Napi::Env env, const Napi::Value& value, const char* argument) {
  void* data = nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag) ||
      napi_unwrap(env, value, &data) != napi_ok) {
    throw Napi::TypeError::New(env, std::string("Expected ") + T::kName + " for " + argument);
  }
  return *static_cast<T*>(data);
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_OPAQUE_H_
