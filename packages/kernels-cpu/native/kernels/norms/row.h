// The loops over one row that all norms are made of, on the calling thread.
#ifndef PAROATTN_NORMS_ROW_H_
#define PAROATTN_NORMS_ROW_H_

#include <cstddef>

namespace paroattn {

// Sum of the values, and of (value - centre)². Lanes add in f32 over short pieces, pieces in f64.
double sum_of(const float* values, size_t count);
double sum_of_squares(const float* values, size_t count, float centre);

// output = (input - centre) * factor * weight + bias; null weight: ones; null bias: zeros.
void normalise_row(const float* input, size_t count, float centre, float factor, const float* weight,
                   const float* bias, float* output);

// values = values * (1 + scale) + shift
void modulate_row(float* values, size_t count, const float* scale, const float* shift);

// output = input * factor + offset
void affine_row(const float* input, size_t count, float factor, float offset, float* output);

}  // namespace paroattn

#endif  // PAROATTN_NORMS_ROW_H_
