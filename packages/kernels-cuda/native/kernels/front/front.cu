#include "front/front.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "front/front_v1.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr unsigned kGridLimit = 65535;  // of the grid's second and third dimension

bool is_projection(const Projection& projection) {
  return projection.data != nullptr && projection.token_stride > 0 && projection.batch_stride >= 0;
}

bool is_valid(const FrontProblem& problem) {
  const PackedOperands& packed = problem.packed;
  const bool sizes = packed_head_dim(packed.head_dim) != 0 && packed.batch > 0 && packed.heads > 0 &&
                     packed.key_heads > 0 && problem.key_value_heads > 0 && packed.heads % packed.key_heads == 0 &&
                     packed.key_heads % problem.key_value_heads == 0 && packed.query_tokens > 0 &&
                     packed.key_tokens > 0 && packed.query_blocks > 0 && packed.key_blocks > 0;
  const bool elements = packed.element == Element::kF16 || packed.element == Element::kBF16;
  const bool inputs = is_projection(problem.query) && is_projection(problem.key) && is_projection(problem.value) &&
                      packed.query_rows != nullptr && problem.key_rows != nullptr;
  const bool outputs = packed.query != nullptr && packed.key != nullptr && packed.value != nullptr &&
                       packed.key_counts != nullptr;
  const bool tables = problem.pairing == Pairing::kNone || (problem.cosine != nullptr && problem.sine != nullptr);
  return sizes && elements && inputs && outputs && tables && std::isfinite(problem.query_factor) &&
         static_cast<unsigned>(std::max(packed.query_blocks, packed.key_blocks)) <= kGridLimit &&
         static_cast<unsigned>(packed.batch) <= kGridLimit;
}

bool is_aligned(const void* pointer, size_t bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

bool is_aligned(const Projection& projection, size_t element_bytes, size_t bytes) {
  return is_aligned(projection.data, bytes) && projection.batch_stride * element_bytes % bytes == 0 &&
         projection.token_stride * element_bytes % bytes == 0;
}

// Whether every load of the kernel may be as wide as its chunk of channels.
template <int kHeadDim>
bool allows_wide_loads(const FrontProblem& problem) {
  const size_t element_bytes = size_of(problem.input_element);
  const size_t bytes = std::min<size_t>(16, LaneMap<kHeadDim>::kWidth * element_bytes);
  static_assert(kHeadDim * 2 % (LaneMap<kHeadDim>::kWidth * 2) == 0, "heads keep the alignment of their row");
  for (const Projection* projection : {&problem.query, &problem.key, &problem.value}) {
    if (!is_aligned(*projection, element_bytes, bytes)) return false;
  }
  for (const float* table : {problem.query_weight, problem.key_weight, problem.query_bias, problem.key_bias,
                             problem.cosine, problem.sine}) {
    if (!is_aligned(table, 16)) return false;
  }
  return true;
}

template <int kHeadDim, Element kInput, Element kPacked>
cudaError_t start(const FrontProblem& problem, cudaStream_t stream) {
  const PackedOperands& packed = problem.packed;
  const dim3 grid(packed.heads, std::max(packed.query_blocks, packed.key_blocks), packed.batch);
  return launch(front_v1<kHeadDim, kInput, kPacked>, LaunchShape{grid, dim3(LaneMap<kHeadDim>::kThreads), 0}, stream,
                problem, allows_wide_loads<kHeadDim>(problem));
}

template <int kHeadDim, Element kInput>
cudaError_t start_packed(const FrontProblem& problem, cudaStream_t stream) {
  return problem.packed.element == Element::kF16 ? start<kHeadDim, kInput, Element::kF16>(problem, stream)
                                                 : start<kHeadDim, kInput, Element::kBF16>(problem, stream);
}

template <int kHeadDim>
cudaError_t start_input(const FrontProblem& problem, cudaStream_t stream) {
  switch (problem.input_element) {
    case Element::kF32: return start_packed<kHeadDim, Element::kF32>(problem, stream);
    case Element::kF16: return start_packed<kHeadDim, Element::kF16>(problem, stream);
    case Element::kBF16: return start_packed<kHeadDim, Element::kBF16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t front(const FrontProblem& problem, cudaStream_t stream) {
  if (!is_valid(problem)) return cudaErrorInvalidValue;
  switch (problem.packed.head_dim) {
    case 64: return start_input<64>(problem, stream);
    case 72: return start_input<72>(problem, stream);
    case 96: return start_input<96>(problem, stream);
    case 128: return start_input<128>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
