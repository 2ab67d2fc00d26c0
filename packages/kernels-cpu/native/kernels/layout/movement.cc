#include "layout/movement.h"

#include <cstring>

namespace paroattn {
namespace {

// Rows that make a piece worth a thread.
size_t rows_per_piece(size_t row) { return kParallelGrain / (row + 1) + 1; }

void copy_floats(float* output, const float* input, size_t count) {
  if (count > 0) std::memcpy(output, input, count * sizeof(float));
}

}  // namespace

void concat(const std::vector<const float*>& inputs, size_t outer, const std::vector<size_t>& inner,
            const CancelFlag* cancelled, float* output) {
  size_t row = 0;
  for (const size_t size : inner) row += size;
  size_t first = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t size = inner[i];
    if (outer == 1) {
      parallel_ranges(size, kParallelGrain, cancelled, [&](size_t begin, size_t end) {
        copy_floats(output + first + begin, inputs[i] + begin, end - begin);
      });
    } else {
      parallel_ranges(outer, rows_per_piece(size), cancelled, [&](size_t begin, size_t end) {
        for (size_t o = begin; o < end; ++o) copy_floats(output + o * row + first, inputs[i] + o * size, size);
      });
    }
    first += size;
  }
}

void slice(const float* input, size_t outer, size_t inner, size_t start, size_t end, const CancelFlag* cancelled,
           float* output) {
  const size_t size = end - start;
  if (outer == 1) {
    parallel_ranges(size, kParallelGrain, cancelled, [&](size_t from, size_t to) {
      copy_floats(output + from, input + start + from, to - from);
    });
    return;
  }
  parallel_ranges(outer, rows_per_piece(size), cancelled, [&](size_t from, size_t to) {
    for (size_t o = from; o < to; ++o) copy_floats(output + o * size, input + o * inner + start, size);
  });
}

void upsample_nearest(const float* input, size_t planes, size_t height, size_t width, size_t factor,
                      const CancelFlag* cancelled, float* output) {
  const size_t wide = width * factor;
  parallel_ranges(planes * height, rows_per_piece(wide * factor), cancelled, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const float* from = input + row * width;
      float* first = output + row * factor * wide;
      for (size_t x = 0; x < width; ++x) {
        for (size_t i = 0; i < factor; ++i) first[x * factor + i] = from[x];
      }
      for (size_t i = 1; i < factor; ++i) copy_floats(first + i * wide, first, wide);
    }
  });
}

}  // namespace paroattn
