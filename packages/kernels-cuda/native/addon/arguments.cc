#include "arguments.h"

#include <cmath>
#include <limits>
#include <new>

#include "opaque.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr double kLargest = 9007199254740991.0;  // 2^53 - 1

bool is_size(double value) { return value >= 0 && value <= kLargest && value == std::floor(value); }

template <class Range>
int64_t product_of(const Range& sizes) {
  int64_t result = 1;
  for (const int64_t size : sizes) {
    if (__builtin_mul_overflow(result, size, &result)) throw std::bad_alloc();
  }
  return result;
}

}  // namespace

int64_t product(std::initializer_list<int64_t> sizes) { return product_of(sizes); }
int64_t product(const std::vector<int64_t>& sizes) { return product_of(sizes); }

void Arguments::fail(const char* name, const std::string& expected) const {
  throw Napi::TypeError::New(env_, std::string("Expected ") + expected + " for " + name);
}

double Arguments::number(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsNumber()) fail(name, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

bool Arguments::flag(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsBoolean()) fail(name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

int64_t Arguments::size(const char* name) const {
  const double value = number(name);
  if (!is_size(value)) fail(name, "a whole number of at least 0");
  return static_cast<int64_t>(value);
}

int Arguments::count(const char* name) const {
  const int64_t value = size(name);
  if (value > std::numeric_limits<int>::max()) fail(name, "a number below 2^31");
  return static_cast<int>(value);
}

std::string Arguments::text(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsString()) fail(name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::vector<double> Arguments::numbers(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsArray()) fail(name, "an array of numbers");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<double> result;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsNumber()) fail(name, "an array of numbers");
    result.push_back(item.As<Napi::Number>().DoubleValue());
  }
  return result;
}

std::vector<int64_t> Arguments::sizes(const char* name) const {
  std::vector<int64_t> result;
  for (const double value : numbers(name)) {
    if (!is_size(value)) fail(name, "an array of whole numbers");
    result.push_back(static_cast<int64_t>(value));
  }
  return result;
}

namespace {

bool is_words(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array;
}

std::vector<uint32_t> copied_words(const Napi::Value& value) {
  const Napi::Uint32Array array = value.As<Napi::Uint32Array>();
  return std::vector<uint32_t>(array.Data(), array.Data() + array.ElementLength());
}

}  // namespace

std::vector<uint32_t> Arguments::words(const char* name) const {
  const Napi::Value value = get(name);
  if (!is_words(value)) fail(name, "a Uint32Array");
  return copied_words(value);
}

std::vector<std::vector<uint32_t>> Arguments::word_lists(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsArray()) fail(name, "an array of Uint32Arrays");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::vector<uint32_t>> result;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!is_words(item)) fail(name, "an array of Uint32Arrays");
    result.push_back(copied_words(item));
  }
  return result;
}

std::vector<uint8_t> Arguments::bytes(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    fail(name, "a Uint8Array");
  }
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return std::vector<uint8_t>(array.Data(), array.Data() + array.ElementLength());
}

Element Arguments::element(const char* name) const {
  const std::string type = text(name);
  if (type == "f32") return Element::kF32;
  if (type == "f16") return Element::kF16;
  if (type == "bf16") return Element::kBF16;
  fail(name, "f32, f16 or bf16");
}

ResourcePtr Arguments::live(const Napi::Value& value, const char* name) const {
  ResourcePtr resource = open_opaque<Handle>(env_, value, name).resource;
  if (!resource) fail(name, "a handle that has not been released");
  return resource;
}

TensorArgument Arguments::tensor_of(const Napi::Value& value, const char* name) const {
  if (!value.IsObject()) fail(name, "a tensor");
  const Napi::Object object = value.As<Napi::Object>();
  TensorArgument result;
  result.element = Arguments(env_, object).element("type");
  result.buffer = std::dynamic_pointer_cast<Buffer>(live(object.Get("handle"), name));
  if (!result.buffer) fail(name, "a tensor");
  return result;
}

TensorArgument Arguments::tensor(const char* name, int64_t elements) const {
  const TensorArgument result = tensor_of(get(name), name);
  const size_t bytes = bytes_of(elements, result.element);
  if (result.buffer->bytes() != bytes) {
    fail(name, std::to_string(bytes) + " bytes instead of " + std::to_string(result.buffer->bytes()));
  }
  return result;
}

TensorArgument Arguments::tensor(const char* name, int64_t elements, Element element) const {
  const TensorArgument result = tensor(name, elements);
  if (result.element != element) fail(name, "another element type");
  return result;
}

TensorArgument Arguments::optional_tensor(const char* name, int64_t elements) const {
  return has(name) ? tensor(name, elements) : TensorArgument{};
}

TensorArgument Arguments::optional_tensor(const char* name, int64_t elements, Element element) const {
  return has(name) ? tensor(name, elements, element) : TensorArgument{};
}

std::vector<TensorArgument> Arguments::tensors(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsArray()) fail(name, "an array of tensors");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<TensorArgument> result;
  for (uint32_t i = 0; i < array.Length(); ++i) result.push_back(tensor_of(array.Get(i), name));
  return result;
}

}  // namespace cuda
}  // namespace paroattn
