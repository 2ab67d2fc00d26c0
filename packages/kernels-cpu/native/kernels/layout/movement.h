// Operators that only move elements (f32).
#ifndef PAROATTN_LAYOUT_MOVEMENT_H_
#define PAROATTN_LAYOUT_MOVEMENT_H_

#include <cstddef>
#include <vector>

#include "common/parallel.h"

namespace paroattn {

// Output axis i is input axis axes[i].
void permute(const float* input, const std::vector<size_t>& shape, const std::vector<size_t>& axes,
             const CancelFlag* cancelled, float* output);

// Input i is [outer, inner[i]]; output is [outer, sum of inner].
void concat(const std::vector<const float*>& inputs, size_t outer, const std::vector<size_t>& inner,
            const CancelFlag* cancelled, float* output);

// [outer, inner] -> [outer, end - start]
void slice(const float* input, size_t outer, size_t inner, size_t start, size_t end, const CancelFlag* cancelled,
           float* output);

// [planes, height, width] -> [planes, height * factor, width * factor]
void upsample_nearest(const float* input, size_t planes, size_t height, size_t width, size_t factor,
                      const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_LAYOUT_MOVEMENT_H_
