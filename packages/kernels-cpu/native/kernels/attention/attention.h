// Attention on the CPU in FP32, over FP32 and BF16 storage, and in INT8 and INT4: fused front, dense and block-sparse kernel, streaming block statistics.
//
//   Operands operands = prepare_attention(front, ...);   // normalise, rotate, reorder, pack
//   attention(operands, options, output, ...);           // as often as wanted
//
// Knows nothing of Node. The caller validates; these functions only assert (debug builds). Parallel over the
// OpenMP threads the caller has set (omp_set_num_threads); the calling thread takes part. The only exception that
// crosses this header is std::bad_alloc. All tensors are dense, row-major, and f32 where nothing else is said.
//
// "Sequence order" is the order of the caller's tokens. Inside, each head has an order of its own:
// reordered[i] = original[indices[i]]. Outputs are always scattered back to sequence order.
#ifndef PAROATTN_ATTENTION_ATTENTION_H_
#define PAROATTN_ATTENTION_ATTENTION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/aligned_buffer.h"

namespace paroattn {
namespace attention {

// Rows and columns of a tile. Blocks hold up to this many tokens.
constexpr size_t kBlock = 64;

// How numbers lie in memory. Arithmetic is f32 whichever it is.
enum class NumberType { kF32, kBf16 };

constexpr size_t bytes_of(NumberType type) noexcept { return type == NumberType::kF32 ? 4 : 2; }

enum class Status {
  kOk,
  kCancelled,   // *cancelled became true; outputs hold garbage
  kNoLiveKey,   // some query row has no live valid key under this mask; nothing was computed
};

// Normalisation of queries and keys over each head's channels, before the rotary embedding.
enum class NormKind { kNone, kRms, kLayer };

struct Norm {
  NormKind kind = NormKind::kNone;
  float epsilon = 1e-6f;                // added to the mean square, or to the variance
  const float* query_weight = nullptr;  // [head_dim]; null: ones
  const float* key_weight = nullptr;
  const float* query_bias = nullptr;    // [head_dim], kLayer only; null: zeros
  const float* key_bias = nullptr;
};

// Pair (a, b) becomes (a cos - b sin, a sin + b cos). Needs an even head_dim and query_tokens == key_tokens.
enum class RotaryPairing { kInterleaved, kHalf };

struct Rotary {
  const float* cosine = nullptr;  // [tokens, head_dim / 2] in sequence order; null: no rotary embedding
  const float* sine = nullptr;
  RotaryPairing pairing = RotaryPairing::kInterleaved;
};

// Block b holds the reordered tokens starts[b] .. starts[b + 1]; 1 to 64 of them. starts[0] = 0 and
// starts[blocks] = tokens.
struct Partition {
  const uint32_t* starts = nullptr;  // [blocks + 1]; null: one run of 64s with a ragged tail
  size_t blocks = 0;                 // ignored if starts is null
};

// Token orders of the heads, for self-attention (query_tokens == key_tokens).
struct Orders {
  const uint32_t* const* indices = nullptr;  // [distinct] pointers to gather indices [tokens]; null: identity
  size_t distinct = 0;                       // 0: sequence order for every head
  const uint32_t* choice = nullptr;          // [heads], each < distinct
};

// INT8 and INT4 attention (PAROAttention, arXiv 2506.16054, section 4.3): products of codes are summed in
// integers, exactly, and scaled afterwards. Codes and scales are those of @paroattn/quant, block by block of the
// partition, after norm, rotation and reorder. What a block with NaN or infinity takes part in is NaN.
enum class ProbabilityGroup {
  kTile,     // one scale for a 64x64 tile of the softmax map
  kTileRow,  // one for each row of a tile; the codes' sum divides the output
  kRow,      // one for a row of the whole map
};

struct Quantization {
  unsigned query_key_bits = 0;  // 8 or 4; 0: f32
  bool smooth_keys = true;      // takes the mean of the valid keys off first, with query_key_bits
  unsigned value_bits = 0;      // 8 or 4; 0: f32, and the map stays f32
  ProbabilityGroup group = ProbabilityGroup::kTile;
  float largest_probability_code = 127;
  bool rank1_values = false;    // a value's scale is one of its channel times one of its block, not one of both
};

struct FrontOptions {
  const void* query = nullptr;   // [batch, query_tokens, heads * head_dim], sequence order
  const void* key = nullptr;     // [batch, key_tokens, key_value_heads * head_dim]
  const void* value = nullptr;   // [batch, key_tokens, key_value_heads * head_dim]
  NumberType type = NumberType::kF32;  // of these three, and of attention's residual and output
  // What the products take: with kBf16 queries and keys are rounded to it after norm and rotation, values as they come;
  // keys and values are kept in it. kF32 with codes.
  NumberType query_key_type = NumberType::kF32;
  NumberType value_type = NumberType::kF32;
  size_t batch = 1;
  size_t query_tokens = 0;       // at least 1, below 2^32
  size_t key_tokens = 0;
  size_t heads = 1;
  size_t key_value_heads = 1;    // divides heads; head h reads key_value head h / (heads / key_value_heads)
  size_t head_dim = 1;           // any
  float scale = 1.0f;            // of the logits; the caller computes the default 1 / sqrt(head_dim)
  Partition query_partition;
  Partition key_partition;
  Orders orders;
  Norm norm;
  Rotary rotary;
  const uint32_t* key_lengths = nullptr;  // [batch], 1 .. key_tokens, counted in sequence order; null: all
  Quantization quantization;
  // Where the packed panels live. A pool is worth it: fresh pages cost the front about as much as its copying.
  Allocator allocator;
};

// Packed operands; opaque, movable through the pointer, immutable: many threads may read one.
class Operands;
struct OperandsDeleter {
  void operator()(Operands* operands) const noexcept;
};
using OperandsPtr = std::unique_ptr<Operands, OperandsDeleter>;

struct OperandsShape {
  size_t batch, heads, head_dim, query_tokens, key_tokens, query_blocks, key_blocks;
  size_t bytes;     // of packed panels, to report as external memory
  NumberType type;  // of residual and output
};

// The fused front. Copies what it needs: the inputs may be freed or overwritten afterwards.
// *status is kOk or kCancelled (then the result is null). Throws std::bad_alloc.
OperandsPtr prepare_attention(const FrontOptions& options, const std::atomic<bool>* cancelled, Status* status);
OperandsShape shape_of(const Operands& operands) noexcept;

// A block mask with the host's work done once: live lists and order of work. Immutable.
class Mask {
 public:
  size_t batch() const noexcept { return batch_; }
  size_t heads() const noexcept { return heads_; }
  size_t query_blocks() const noexcept { return query_blocks_; }
  size_t key_blocks() const noexcept { return key_blocks_; }
  size_t bytes() const noexcept;  // of host memory held

  // Live key blocks of row (b, h, qb), ascending. b is 0 when the mask is shared.
  const uint16_t* live(size_t row) const noexcept { return live_.data() + offsets_[row]; }
  size_t live_count(size_t row) const noexcept { return offsets_[row + 1] - offsets_[row]; }
  size_t row(size_t b, size_t h, size_t qb) const noexcept {
    return ((batch_ == 1 ? 0 : b) * heads_ + h) * query_blocks_ + qb;
  }
  // Rows of one (b, h), those with most live blocks first: [batch * heads * query_blocks], row numbers as above.
  const std::vector<uint32_t>& work() const noexcept { return work_; }

 private:
  friend std::unique_ptr<Mask> prepare_mask(const uint8_t*, size_t, size_t, size_t, size_t);
  size_t batch_ = 0, heads_ = 0, query_blocks_ = 0, key_blocks_ = 0;
  std::vector<size_t> offsets_;  // [rows + 1]
  std::vector<uint16_t> live_;
  std::vector<uint32_t> work_;
};

// bits: [batch, heads, ceil(query_blocks * key_blocks / 8)] bytes; within a head row-major, least significant bit
// first, each head starting on a byte. batch is 1 (shared by all batch rows) or the batch. key_blocks <= 65,536.
std::unique_ptr<Mask> prepare_mask(const uint8_t* bits, size_t batch, size_t heads, size_t query_blocks,
                                   size_t key_blocks);

// True if every query row has at least one live valid key. The kernel checks this too (kNoLiveKey).
bool every_query_has_a_live_key(const Operands& operands, const Mask& mask) noexcept;

// Valid query-key pairs that this mask (null: dense) makes the kernel compute, over batch and heads.
// Density is the quotient of two such numbers.
double executed_pairs(const Operands& operands, const Mask* mask) noexcept;

struct AttentionOptions {
  const Mask* mask = nullptr;         // null: dense
  const float* bias = nullptr;        // [heads, query_tokens, key_tokens], sequence order, added to the scaled logits
  const float* row_scale = nullptr;   // [batch, heads, query_tokens], sequence order
  const void* residual = nullptr;     // [batch, query_tokens, heads * head_dim], sequence order; may be `output`
  float* log_sum_exp = nullptr;       // out: [batch, heads, query_tokens], sequence order, natural log, unsmoothed
};

// output = row_scale * softmax(scale * q k' + bias) v + residual: [batch, query_tokens, heads * head_dim], rounded to
// its type once, to the nearest and halves to even.
Status attention(const Operands& operands, const AttentionOptions& options, void* output,
                 const std::atomic<bool>* cancelled);

struct StatisticsOptions {
  const float* log_sum_exp = nullptr;  // [batch, heads, query_tokens], sequence order, natural log, of the dense map
  float epsilon = 1e-3f;
  // Outputs, each [batch, heads, query_blocks, key_blocks]. Only valid entries count.
  float* sum = nullptr;
  float* maximum = nullptr;      // 0 for a tile without a valid entry
  float* small_count = nullptr;  // valid entries below epsilon
};

Status block_statistics(const Operands& operands, const StatisticsOptions& options,
                        const std::atomic<bool>* cancelled);

// "AVX3", "AVX2", "SSE2", ...: what the run-time dispatch has chosen on this machine.
const char* instruction_set() noexcept;

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_ATTENTION_H_
