// Version 1. Where the innermost axis stays innermost, its runs move in units of up to 16 bytes. Where it does not, tiles
// go through shared memory, so that both sides are read and written in runs. Short axes are not worth a tile: those
// elements are gathered one by one.
#include <algorithm>

#include "elementwise/flat.h"
#include "layout/moved_axes.h"
#include "layout/movement.h"
#include "layout/unit.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr int kTile = 32;
constexpr int kTileThreads = 256;
constexpr int kTileRows = kTileThreads / kTile;  // rows of a tile at once
constexpr int kLeastTiled = 16;                  // of both sides of a tile

// Sizes and strides in units. Index: a type in which the units can be counted.
template <class Unit, class Index>
struct Gather {
  const Unit* input;
  Unit* output;
  int rank;
  Index size[kMaxAxes];
  int64_t input_stride[kMaxAxes];

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t unit) const {
    static_assert(kWidth == 1, "a thread moves one unit at a time");
    Index rest = static_cast<Index>(unit);
    int64_t from = 0;
    // With indices that the compiler knows, sizes and strides need no copy in local memory.
#pragma unroll
    for (int axis = kMaxAxes - 1; axis > 0; --axis) {
      if (axis >= rank) continue;
      from += rest % size[axis] * input_stride[axis];
      rest /= size[axis];
    }
    output[unit] = input[from + rest * input_stride[0]];
  }
};

template <int kBytes, class Index>
cudaError_t start_gather(const PermuteProblem& problem, const MovedAxes& moved, cudaStream_t stream) {
  using Unit = typename UnitOf<kBytes>::Type;
  const int64_t elements = kBytes / static_cast<int64_t>(size_of(problem.element));  // of a unit
  const int inner = moved.rank - 1;
  Gather<Unit, Index> body{static_cast<const Unit*>(problem.input), static_cast<Unit*>(problem.output), moved.rank,
                           {}, {}};
  for (int axis = 0; axis < moved.rank; ++axis) {
    body.size[axis] = static_cast<Index>(axis == inner ? moved.size[axis] / elements : moved.size[axis]);
    body.input_stride[axis] = axis == inner ? moved.input_stride[axis] : moved.input_stride[axis] / elements;
  }
  return launch_flat<1>(body, moved.count / elements, stream);
}

template <int kBytes>
cudaError_t start_gather(const PermuteProblem& problem, const MovedAxes& moved, cudaStream_t stream) {
  return moved.count < kSmallCount ? start_gather<kBytes, uint32_t>(problem, moved, stream)
                                   : start_gather<kBytes, int64_t>(problem, moved, stream);
}

// Runs of the innermost axis, which is so in the input too.
cudaError_t move_runs(const PermuteProblem& problem, const MovedAxes& moved, cudaStream_t stream) {
  const uint64_t bytes = size_of(problem.element);
  const int inner = moved.rank - 1;
  WidestUnit unit;
  unit.divides(problem.input);
  unit.divides(problem.output);
  unit.divides(static_cast<uint64_t>(moved.size[inner]) * bytes);
  for (int axis = 0; axis < inner; ++axis) unit.divides(static_cast<uint64_t>(moved.input_stride[axis]) * bytes);
  switch (unit.bytes()) {
    case 16: return start_gather<16>(problem, moved, stream);
    case 8: return start_gather<8>(problem, moved, stream);
    case 4: return start_gather<4>(problem, moved, stream);
    default: return start_gather<2>(problem, moved, stream);
  }
}

// An axis of the tiles, or one around them.
struct TiledAxis {
  int64_t size;
  int64_t input_stride;
  int64_t output_stride;
};

struct Tiles {
  TiledAxis input_inner;   // input_stride 1
  TiledAxis output_inner;  // output_stride 1
  int outer_rank;
  TiledAxis outer[kMaxAxes];
  int64_t input_inner_tiles;
  int64_t output_inner_tiles;
  int64_t count;  // tiles of all
};

template <class Unit>
__global__ void __launch_bounds__(kTileThreads) transpose_tiles(Tiles tiles, const Unit* input, Unit* output) {
  __shared__ Unit tile[kTile][kTile + 1];  // + 1: columns lie in different banks
  const int column = threadIdx.x % kTile;
  const int first_row = threadIdx.x / kTile;
  for (int64_t index = blockIdx.x; index < tiles.count; index += gridDim.x) {
    const int64_t i0 = index % tiles.input_inner_tiles * kTile;
    int64_t rest = index / tiles.input_inner_tiles;
    const int64_t o0 = rest % tiles.output_inner_tiles * kTile;
    rest /= tiles.output_inner_tiles;
    int64_t from = 0, to = 0;
    for (int axis = 0; axis < tiles.outer_rank; ++axis) {
      const int64_t position = rest % tiles.outer[axis].size;
      rest /= tiles.outer[axis].size;
      from += position * tiles.outer[axis].input_stride;
      to += position * tiles.outer[axis].output_stride;
    }
    __syncthreads();  // the last tile has been written
#pragma unroll
    for (int row = 0; row < kTile; row += kTileRows) {
      const int64_t i = i0 + column, o = o0 + row + first_row;
      if (i < tiles.input_inner.size && o < tiles.output_inner.size) {
        tile[row + first_row][column] = input[from + o * tiles.output_inner.input_stride + i];
      }
    }
    __syncthreads();
#pragma unroll
    for (int row = 0; row < kTile; row += kTileRows) {
      const int64_t i = i0 + row + first_row, o = o0 + column;
      if (i < tiles.input_inner.size && o < tiles.output_inner.size) {
        output[to + i * tiles.input_inner.output_stride + o] = tile[column][row + first_row];
      }
    }
  }
}

template <int kBytes>
cudaError_t start_transpose(const PermuteProblem& problem, const MovedAxes& moved, int input_inner,
                            cudaStream_t stream) {
  using Unit = typename UnitOf<kBytes>::Type;
  const auto axis_of = [&](int axis) {
    return TiledAxis{moved.size[axis], moved.input_stride[axis], moved.output_stride[axis]};
  };
  const auto tiles_of = [](int64_t size) { return (size + kTile - 1) / kTile; };
  const int output_inner = moved.rank - 1;
  Tiles tiles{};
  tiles.input_inner = axis_of(input_inner);
  tiles.output_inner = axis_of(output_inner);
  tiles.input_inner_tiles = tiles_of(moved.size[input_inner]);
  tiles.output_inner_tiles = tiles_of(moved.size[output_inner]);
  tiles.count = tiles.input_inner_tiles * tiles.output_inner_tiles;
  for (int axis = 0; axis < output_inner; ++axis) {
    if (axis == input_inner) continue;
    tiles.outer[tiles.outer_rank++] = axis_of(axis);
    tiles.count *= moved.size[axis];
  }
  const LaunchShape shape{dim3(static_cast<unsigned>(std::min(tiles.count, kFlatBlocks))), dim3(kTileThreads), 0};
  return launch(transpose_tiles<Unit>, shape, stream, tiles, static_cast<const Unit*>(problem.input),
                static_cast<Unit*>(problem.output));
}

}  // namespace

cudaError_t permute(const PermuteProblem& problem, cudaStream_t stream) {
  MovedAxes moved;
  if (!merge_axes(problem, moved)) return cudaErrorInvalidValue;
  if (moved.count == 0) return cudaSuccess;
  if (problem.input == nullptr || problem.output == nullptr) return cudaErrorInvalidValue;
  const int inner = moved.rank - 1;
  if (moved.input_stride[inner] == 1) return move_runs(problem, moved, stream);
  const int input_inner = static_cast<int>(std::find(moved.input_stride, moved.input_stride + inner, 1) -
                                           moved.input_stride);
  const bool tiled = moved.size[inner] >= kLeastTiled && moved.size[input_inner] >= kLeastTiled;
  switch (problem.element) {
    case Element::kF32:
      return tiled ? start_transpose<4>(problem, moved, input_inner, stream) : start_gather<4>(problem, moved, stream);
    case Element::kF16:
    case Element::kBF16:
      return tiled ? start_transpose<2>(problem, moved, input_inner, stream) : start_gather<2>(problem, moved, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
