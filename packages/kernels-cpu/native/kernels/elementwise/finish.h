// What follows a matrix product, done while its result is still in cache.
#ifndef PAROATTN_ELEMENTWISE_FINISH_H_
#define PAROATTN_ELEMENTWISE_FINISH_H_

#include <cstddef>

#include "common/activation.h"
#include "common/parallel.h"

namespace paroattn {

// output = residual + gate * activation(output), of dense rows.
struct Finish {
  Activation activation = Activation::kNone;
  const float* gate = nullptr;      // [rows / rows_per_gate, columns]; null: ones
  const float* residual = nullptr;  // [rows, columns]; null: zeros
  size_t columns = 0;
  size_t rows_per_gate = 0;

  bool needed() const noexcept {
    return activation != Activation::kNone || gate != nullptr || residual != nullptr;
  }
};

// A rectangle of the output.
struct Tile {
  size_t row = 0;
  size_t rows = 0;
  size_t column = 0;
  size_t columns = 0;
};

// One tile on the calling thread; `output` is the whole [rows, columns].
void finish_tile(const Finish& finish, const Tile& tile, float* output);

// All rows, over all threads.
void finish_rows(const Finish& finish, size_t rows, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_ELEMENTWISE_FINISH_H_
