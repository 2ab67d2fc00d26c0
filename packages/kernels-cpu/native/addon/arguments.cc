#include "arguments.h"

#include <cmath>

#include "opaque.h"

namespace paroattn {
namespace {

constexpr double kLargest = 9007199254740991.0;  // 2^53 - 1

bool is_size(double value) { return value >= 0 && value <= kLargest && value == std::floor(value); }

template <class Range>
size_t product_of(const Range& sizes) {
  size_t result = 1;
  for (const size_t size : sizes) {
    if (__builtin_mul_overflow(result, size, &result)) throw std::bad_alloc();
  }
  return result;
}

}  // namespace

size_t product(std::initializer_list<size_t> sizes) { return product_of(sizes); }
size_t product(const std::vector<size_t>& sizes) { return product_of(sizes); }

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

size_t Arguments::size(const char* name) const {
  const double value = number(name);
  if (!is_size(value)) fail(name, "a whole number of at least 0");
  return static_cast<size_t>(value);
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

std::vector<size_t> Arguments::sizes(const char* name) const {
  std::vector<size_t> result;
  for (const double value : numbers(name)) {
    if (!is_size(value)) fail(name, "an array of whole numbers");
    result.push_back(static_cast<size_t>(value));
  }
  return result;
}

std::vector<uint32_t> Arguments::words(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    fail(name, "a Uint32Array");
  }
  const Napi::Uint32Array array = value.As<Napi::Uint32Array>();
  return std::vector<uint32_t>(array.Data(), array.Data() + array.ElementLength());
}

std::vector<uint8_t> Arguments::bytes(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    fail(name, "a Uint8Array");
  }
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return std::vector<uint8_t>(array.Data(), array.Data() + array.ElementLength());
}

Activation Arguments::activation(const char* name) const {
  if (!has(name)) return Activation::kNone;
  const std::string activation = text(name);
  if (activation == "silu") return Activation::kSilu;
  if (activation == "gelu") return Activation::kGelu;
  if (activation == "geluTanh") return Activation::kGeluTanh;
  if (activation == "relu") return Activation::kRelu;
  fail(name, "silu, gelu, geluTanh or relu");
}

ResourcePtr Arguments::live(const Napi::Value& value, const char* name) const {
  ResourcePtr resource = open_opaque<Handle>(env_, value, name).resource;
  if (!resource) fail(name, "a handle that has not been released");
  return resource;
}

BufferPtr Arguments::buffer_of(const Napi::Value& value, const char* name, size_t bytes) const {
  auto buffer = std::dynamic_pointer_cast<Buffer>(live(value, name));
  if (!buffer) fail(name, "a tensor");
  if (buffer->bytes() != bytes) {
    fail(name, std::to_string(bytes) + " bytes instead of " + std::to_string(buffer->bytes()));
  }
  return buffer;
}

BufferPtr Arguments::buffer(const char* name, size_t elements, size_t element_bytes) const {
  return buffer_of(get(name), name, product({elements, element_bytes}));
}

BufferPtr Arguments::optional_buffer(const char* name, size_t elements, size_t element_bytes) const {
  return has(name) ? buffer(name, elements, element_bytes) : nullptr;
}

std::vector<ResourcePtr> Arguments::optional_items(const char* name) const {
  const Napi::Value value = get(name);
  if (!value.IsArray()) fail(name, "an array of handles");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<ResourcePtr> result;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    result.push_back(item.IsUndefined() ? nullptr : live(item, name));
  }
  return result;
}

std::vector<BufferPtr> Arguments::buffers(const char* name) const {
  std::vector<BufferPtr> result = resources<Buffer>(name);
  for (const BufferPtr& buffer : result) {
    if (!buffer) fail(name, "an array of tensors");
  }
  return result;
}

WeightArgument Arguments::weight(const char* name, size_t elements) const {
  const Napi::Value value = get(name);
  if (!value.IsObject()) fail(name, "a weight");
  const Napi::Object object = value.As<Napi::Object>();
  const Arguments inner(env_, object);
  const std::string dtype = inner.text("type");
  WeightArgument result;
  if (dtype == "f16") {
    result.type = WeightType::kF16;
  } else if (dtype == "bf16") {
    result.type = WeightType::kBf16;
  } else if (dtype != "f32") {
    fail(name, "a weight of f32, f16 or bf16");
  }
  result.buffer = buffer_of(object.Get("handle"), name, product({elements, bytes_of(result.type)}));
  return result;
}

WeightArgument Arguments::optional_weight(const char* name, size_t elements) const {
  return has(name) ? weight(name, elements) : WeightArgument{};
}

}  // namespace paroattn
