// The front against its reference: every kernel, and then every way in which rows may lie.
#include <cmath>
#include <cstring>
#include <limits>

#include "front_checks.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

constexpr int kHeadDims[] = {64, 72, 96, 128};
constexpr Element kInputs[] = {Element::kF32, Element::kF16, Element::kBF16};
constexpr Element kPacked[] = {Element::kF16, Element::kBF16};
constexpr NormKind kNorms[] = {NormKind::kNone, NormKind::kRms, NormKind::kLayer};
constexpr Pairing kPairings[] = {Pairing::kNone, Pairing::kInterleaved, Pairing::kHalf};

// Every instantiation with every norm and pairing; the rest of the traits goes round.
void check_kernels(Checks& checks) {
  uint64_t seed = 0;
  for (const int head_dim : kHeadDims) {
    for (const Element input : kInputs) {
      for (const Element packed : kPacked) {
        for (const NormKind norm : kNorms) {
          for (const Pairing pairing : kPairings) {
            Random random(++seed);
            Traits traits;
            traits.head_dim = head_dim;
            traits.input = input;
            traits.packed = packed;
            traits.norm = norm;
            traits.pairing = pairing;
            traits.weights = random.below(4) > 0;
            traits.biases = random.below(4) > 0;
            traits.segments = random.below(2) == 0 ? std::vector<uint32_t>{77} : std::vector<uint32_t>{9, 70};
            traits.orders = static_cast<Orders>(random.below(3));
            traits.fused = random.below(2) == 0;
            traits.shift = static_cast<int>(random.below(3)) / 2;
            if (random.below(2) == 0) traits.key_lengths = {static_cast<int32_t>(1 + random.below(77))};
            check_front(checks, traits, seed);
          }
        }
      }
    }
  }
}

Traits full(int head_dim) {
  Traits traits;
  traits.head_dim = head_dim;
  traits.norm = NormKind::kLayer;
  traits.pairing = head_dim % 64 == 0 ? Pairing::kInterleaved : Pairing::kHalf;
  return traits;
}

void check_lengths(Checks& checks) {
  for (const std::vector<uint32_t>& segments :
       {std::vector<uint32_t>{1}, {63}, {64}, {65}, {130}, {13, 117}, {64, 64}, {34, 1}, {100, 30, 1}}) {
    for (const Orders orders : {Orders::kNone, Orders::kReversed, Orders::kRandom}) {
      Traits traits = full(64);
      traits.segments = segments;
      traits.orders = orders;
      check_front(checks, traits, 1000 + segments.size());
    }
  }
  Traits cross = full(72);
  cross.pairing = Pairing::kNone;
  cross.segments = {70};
  cross.key_segments = {190};
  check_front(checks, cross, 1100);
  cross.segments = {190};
  cross.key_segments = {3};
  check_front(checks, cross, 1101);
}

void check_key_lengths(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    for (const int32_t length : {1, 63, 64, 65, 129, 130}) {
      Traits traits = full(head_dim);
      traits.batch = 2;
      traits.segments = {20, 110};
      traits.orders = Orders::kRandom;
      traits.key_lengths = {length, 130};
      check_front(checks, traits, 1200 + static_cast<uint64_t>(length));
    }
  }
}

void check_groups(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    for (const bool own : {false, true}) {
      for (const int key_value_heads : {1, 2, 4}) {
        Traits traits = full(head_dim);
        traits.batch = 2;
        traits.heads = 4;
        traits.key_value_heads = key_value_heads;
        traits.own_key_panels = own;
        traits.segments = {66};
        traits.orders = Orders::kReversed;
        traits.fused = true;
        check_front(checks, traits, 1300 + static_cast<uint64_t>(key_value_heads));
      }
    }
  }
}

// Bases and strides that do not allow the kernel's wide loads.
void check_alignment(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    for (const Element input : kInputs) {
      for (const bool fused : {false, true}) {
        for (const int shift : {0, 1, 2, 4}) {
          for (const int gap : {0, 1, 4, 8}) {
            Traits traits = full(head_dim);
            traits.input = input;
            traits.segments = {65};
            traits.fused = fused;
            traits.shift = shift;
            traits.gap = gap;
            check_front(checks, traits, 1400);
          }
        }
      }
    }
  }
}

// Tables and weights that are no multiple of 16 bytes away from their allocation.
void check_table_alignment(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    Traits traits = full(head_dim);
    FrontCase c(traits, 1450);
    const FrontOutputs wanted = run_kernel(c);
    const size_t entries = static_cast<size_t>(c.query_tokens) * head_dim / 2;
    const cuda::FrontProblem problem = c.problem(true);
    DeviceArray<float> moved(1 + entries);
    must(cudaMemcpy(moved.device() + 1, problem.cosine, entries * sizeof(float), cudaMemcpyDeviceToDevice), "copy");
    cuda::FrontProblem shifted = problem;
    shifted.cosine = moved.device() + 1;
    c.poison_outputs();
    must(cuda::front(shifted, nullptr), "front");
    must(cudaDeviceSynchronize(), "front");
    c.download_outputs();
    const FrontOutputs found = outputs_of(c);
    checks.expect(found.query == wanted.query && found.key == wanted.key, "a shifted table in " + traits.name());
  }
}

// Of logits whose scale is negative or zero: queries change their sign or vanish, keys and values do not.
void check_query_factors(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    Traits traits;
    traits.head_dim = head_dim;
    for (const float factor : {-1.0f, 0.0f}) {
      traits.query_factor = factor;
      traits.input = factor == 0.0f ? Element::kF32 : Element::kBF16;
      check_front(checks, traits, 1460);
    }
    Traits all = full(head_dim);
    all.query_factor = -1.0f;
    all.orders = Orders::kRandom;
    check_front(checks, all, 1461);
  }
}

// A mean of many deviations: a variance in one pass would lose everything.
void check_far_means(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    for (const double mean : {30.0, -3000.0}) {
      Traits traits = full(head_dim);
      traits.input = Element::kF32;
      traits.mean = mean;
      traits.deviation = mean > 0 ? 0.5 : 1e-3;
      traits.packed = Element::kF16;
      check_front(checks, traits, 1500);
    }
  }
}

// f16 has no room beyond 65504 and rounds to multiples of 2^-24 at its lower end; bf16 reaches down as far as f32.
void check_extremes(Checks& checks) {
  for (const Element packed : kPacked) {
    for (const double deviation : {1e5, 1e-6, 1e-39}) {
      Traits traits;
      traits.input = Element::kF32;
      traits.packed = packed;
      traits.deviation = deviation;
      check_front(checks, traits, 1600);
    }
  }
}

// Rows beyond the key lengths are never read: what stands there may be anything.
void check_invalid_keys(Checks& checks) {
  Traits traits = full(64);
  traits.segments = {100};
  traits.key_lengths = {40};
  traits.orders = Orders::kRandom;
  FrontCase c(traits, 1700);
  const FrontOutputs wanted = run_kernel(c);
  const cuda::FrontProblem problem = c.problem(true);
  for (const cuda::Projection* projection : {&problem.key, &problem.value}) {
    auto* rows = static_cast<uint16_t*>(const_cast<void*>(projection->data)) + 40 * projection->token_stride;
    must(cudaMemset(rows, kPoison, 60 * projection->token_stride * sizeof(uint16_t)), "memset");
  }
  const FrontOutputs found = run_kernel(c);
  checks.expect(found.key == wanted.key && found.value == wanted.value, "invalid keys do not matter");
}

void check_refusals(Checks& checks) {
  FrontCase c(full(64), 1800);
  const auto refuses = [&](const std::string& what, auto change) {
    cuda::FrontProblem problem = c.problem(true);
    change(problem);
    checks.expect(cuda::front(problem, nullptr) == cudaErrorInvalidValue, "refuses " + what);
  };
  refuses("head dim 80", [](auto& p) { p.packed.head_dim = 80; });
  refuses("f32 panels", [](auto& p) { p.packed.element = Element::kF32; });
  refuses("no batch", [](auto& p) { p.packed.batch = 0; });
  refuses("heads that no group divides", [](auto& p) { p.packed.heads = 3; });
  refuses("a missing projection", [](auto& p) { p.value.data = nullptr; });
  refuses("a missing row table", [](auto& p) { p.key_rows = nullptr; });
  refuses("a factor of the queries that is no number", [](auto& p) { p.query_factor = NAN; });
  refuses("a missing output", [](auto& p) { p.packed.key_counts = nullptr; });
  refuses("a missing rotary table", [](auto& p) { p.sine = nullptr; });
  refuses("more blocks than a grid has", [](auto& p) { p.packed.query_blocks = 65536; });
}

}  // namespace

int main() {
  Checks checks;
  check_kernels(checks);
  check_lengths(checks);
  check_key_lengths(checks);
  check_groups(checks);
  check_alignment(checks);
  check_table_alignment(checks);
  check_query_factors(checks);
  check_far_means(checks);
  check_extremes(checks);
  check_invalid_keys(checks);
  check_refusals(checks);
  return checks.finish();
}
