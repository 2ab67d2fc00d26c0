#ifndef PAROATTN_ELEMENTWISE_ARITHMETIC_H_
#define PAROATTN_ELEMENTWISE_ARITHMETIC_H_

#include <cstddef>
#include <vector>

#include "common/parallel.h"

namespace paroattn {

enum class BinaryOperation { kAdd, kMultiply };

struct BinaryOptions {
  BinaryOperation operation = BinaryOperation::kAdd;
  const float* a = nullptr;
  const float* b = nullptr;
  // All of one rank; a size of 1 in a or b is broadcast to the output's.
  std::vector<size_t> shape;
  std::vector<size_t> a_shape;
  std::vector<size_t> b_shape;
};

// output = a + b, or a * b.
void binary(const BinaryOptions& options, const CancelFlag* cancelled, float* output);

struct AddGatedOptions {
  const float* residual = nullptr;  // [batch, tokens, channels]
  const float* value = nullptr;     // [batch, tokens, channels]
  const float* gate = nullptr;      // [batch, channels]
  size_t batch = 0;
  size_t tokens = 0;
  size_t channels = 0;
};

// output = residual + gate * value
void add_gated(const AddGatedOptions& options, const CancelFlag* cancelled, float* output);

// output = sum of factors[i] * inputs[i], each of `count` elements; at least one.
void combine(const std::vector<const float*>& inputs, const std::vector<float>& factors, size_t count,
             const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_ELEMENTWISE_ARITHMETIC_H_
