// Permutation of axes as copies of rows where the last axis stays, as transposed tiles where it moves.
#include <algorithm>
#include <cstring>

#include "layout/movement.h"

namespace paroattn {
namespace {

// An output axis: its size, its step in the input and in the output.
struct Axis {
  size_t size;
  size_t input_stride;
  size_t output_stride;
};

// The output's axes, slowest first, without those of size 1, neighbours merged where they are neighbours in the input too.
std::vector<Axis> merged_axes(const std::vector<size_t>& shape, const std::vector<size_t>& axes) {
  std::vector<size_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  std::vector<Axis> result;
  for (const size_t axis : axes) {
    if (shape[axis] == 1) continue;
    if (!result.empty() && result.back().input_stride == strides[axis] * shape[axis]) {
      result.back().size *= shape[axis];
      result.back().input_stride = strides[axis];
    } else {
      result.push_back({shape[axis], strides[axis], 0});
    }
  }
  if (result.empty()) result.push_back({1, 1, 1});
  size_t step = 1;
  for (size_t i = result.size(); i-- > 0;) {
    result[i].output_stride = step;
    step *= result[i].size;
  }
  return result;
}

struct Place {
  size_t input = 0;
  size_t output = 0;
};

Place place_of(const std::vector<Axis>& axes, size_t index) {
  Place place;
  for (size_t i = axes.size(); i-- > 0;) {
    const size_t at = index % axes[i].size;
    index /= axes[i].size;
    place.input += at * axes[i].input_stride;
    place.output += at * axes[i].output_stride;
  }
  return place;
}

// A tile of this edge keeps both its rows and its columns in the first-level cache.
constexpr size_t kTile = 32;

}  // namespace

void permute(const float* input, const std::vector<size_t>& shape, const std::vector<size_t>& axes,
             const CancelFlag* cancelled, float* output) {
  if (std::find(shape.begin(), shape.end(), size_t{0}) != shape.end()) return;
  std::vector<Axis> outer = merged_axes(shape, axes);
  const Axis last = outer.back();  // output_stride 1
  outer.pop_back();
  if (last.input_stride == 1) {
    size_t rows = 1;
    for (const Axis& axis : outer) rows *= axis.size;
    parallel_ranges(rows, kParallelGrain / last.size + 1, cancelled, [&](size_t begin, size_t end) {
      for (size_t row = begin; row < end; ++row) {
        const Place place = place_of(outer, row);
        std::memcpy(output + place.output, input + place.input, last.size * sizeof(float));
      }
    });
    return;
  }
  // The axis that is contiguous in the input: tiles of it and of `last` are read along one and written along the other.
  const auto fastest = std::find_if(outer.begin(), outer.end(), [](const Axis& axis) { return axis.input_stride == 1; });
  const Axis contiguous = *fastest;
  outer.erase(fastest);
  size_t planes = 1;
  for (const Axis& axis : outer) planes *= axis.size;
  const size_t strips = (contiguous.size + kTile - 1) / kTile;
  parallel_ranges(planes * strips, kParallelGrain / (kTile * last.size) + 1, cancelled, [&](size_t begin, size_t end) {
    for (size_t unit = begin; unit < end; ++unit) {
      const Place place = place_of(outer, unit / strips);
      const size_t first = unit % strips * kTile;
      const size_t height = std::min(kTile, contiguous.size - first);
      for (size_t x = 0; x < last.size; x += kTile) {
        const size_t width = std::min(kTile, last.size - x);
        for (size_t i = 0; i < height; ++i) {
          const float* from = input + place.input + first + i + x * last.input_stride;
          float* to = output + place.output + (first + i) * contiguous.output_stride + x;
          for (size_t j = 0; j < width; ++j) to[j] = from[j * last.input_stride];
        }
      }
    }
  });
}

}  // namespace paroattn
