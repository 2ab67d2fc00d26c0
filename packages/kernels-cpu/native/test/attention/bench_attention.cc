// Times the kernels against the FMA ceiling of the same run. Interleaved, best of many.
// bench_attention [--threads 2] [--rounds 20] [--dim 64] [--target AVX2] [--clock wall|cpu]
// --clock cpu: processor time over threads instead of wall time, for machines that are busy with other things.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <vector>

#include "attention.h"
#include "checks.h"
#include "common/vnni.h"
#include "each_target.h"
#include "fma_ceiling.h"

using namespace paroattn::attention;

namespace {

constexpr size_t kHeads = 8, kTokens = 4096, kBlocks = kTokens / 64;

// Wall time, or (for busy machines) processor time over threads, which leaves out what other processes took.
double now(int threads_of_cpu_time) {
  timespec time;
  clock_gettime(threads_of_cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  const double seconds = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  return threads_of_cpu_time ? seconds / threads_of_cpu_time : seconds;
}

struct Row {
  const char* name;
  double operations;  // floating-point
  std::function<void()> run;
  double best = 1e9;
};

// The same number of live blocks for every query block, so that the density is met exactly.
std::unique_ptr<Mask> balanced_mask(Random& random, double density) {
  const size_t live = static_cast<size_t>(density * kBlocks + 0.5);
  std::vector<uint8_t> bits(kHeads * kBlocks * kBlocks / 8);
  for (size_t row = 0; row < kHeads * kBlocks; ++row) {
    const auto order = random.permutation(kBlocks);
    for (size_t i = 0; i < live; ++i) {
      const size_t bit = row * kBlocks + order[i];
      bits[bit / 8] |= static_cast<uint8_t>(1 << (bit % 8));
    }
  }
  return prepare_mask(bits.data(), 1, kHeads, kBlocks, kBlocks);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](const char* name, const char* fallback) {
    for (int i = 1; i + 1 < argc; i += 2) {
      if (std::strcmp(argv[i], name) == 0) return const_cast<const char*>(argv[i + 1]);
    }
    return fallback;
  };
  const int threads = std::atoi(argument("--threads", "2")), rounds = std::atoi(argument("--rounds", "20"));
  const int cpu_time = std::strcmp(argument("--clock", "wall"), "cpu") == 0 ? threads : 0;
  const size_t dim = static_cast<size_t>(std::atoi(argument("--dim", "64")));
  use_target(argument("--target", ""));
  omp_set_num_threads(threads);
  Random random(1);
  const size_t size = kTokens * kHeads * dim;
  const auto query = random.normals(size), key = random.normals(size), value = random.normals(size);

  FrontOptions front;
  front.query = query.data();
  front.key = key.data();
  front.value = value.data();
  front.query_tokens = front.key_tokens = kTokens;
  front.heads = front.key_value_heads = kHeads;
  front.head_dim = dim;
  front.scale = 1.0f / std::sqrt(static_cast<float>(dim));

  Status status;
  const OperandsPtr operands = prepare_attention(front, nullptr, &status);
  std::vector<float> output(size), lse(kHeads * kTokens);
  std::vector<float> sum(kHeads * kBlocks * kBlocks), maximum(sum), small_count(sum);
  AttentionOptions dense;
  dense.log_sum_exp = lse.data();
  attention(*operands, dense, output.data(), nullptr);
  const std::unique_ptr<Mask> masks[] = {balanced_mask(random, 0.5), balanced_mask(random, 0.3),
                                         balanced_mask(random, 0.2)};
  const double pairs = executed_pairs(*operands, nullptr), flops = 4.0 * pairs * dim;
  const auto sparse = [&](size_t i) {
    return [&, i] {
      AttentionOptions options;
      options.mask = masks[i].get();
      attention(*operands, options, output.data(), nullptr);
    };
  };
  const auto flops_of = [&](size_t i) { return 4.0 * dim * executed_pairs(*operands, masks[i].get()); };
  StatisticsOptions statistics;
  statistics.log_sum_exp = lse.data();
  statistics.sum = sum.data();
  statistics.maximum = maximum.data();
  statistics.small_count = small_count.data();

  // In codes, with the machine's VNNI and without.
  const Quantization in_codes[] = {{8, true, 8, ProbabilityGroup::kTile, 127, false},
                                   {8, true, 8, ProbabilityGroup::kTileRow, 127, false},
                                   {8, true, 8, ProbabilityGroup::kTile, 255, false},
                                   {8, true, 0, ProbabilityGroup::kTile, 127, false},
                                   {4, true, 4, ProbabilityGroup::kTile, 15, false}};
  std::vector<OperandsPtr> coded;
  for (const Quantization& quantization : in_codes) {
    FrontOptions coded_front = front;
    coded_front.quantization = quantization;
    coded.push_back(prepare_attention(coded_front, nullptr, &status));
  }
  const auto quantized = [&](size_t i, bool vnni) {
    return [&, i, vnni] {
      paroattn::vnni_allowed = vnni;
      attention(*coded[i], {}, output.data(), nullptr);
      paroattn::vnni_allowed = true;
    };
  };

  std::vector<Row> rows;
  double ceiling = 0;
  rows.push_back({"dense", flops, [&] { attention(*operands, dense, output.data(), nullptr); }});
  rows.push_back({"sparse 0.5", flops_of(0), sparse(0)});
  rows.push_back({"sparse 0.3", flops_of(1), sparse(1)});
  rows.push_back({"sparse 0.2", flops_of(2), sparse(2)});
  const char* const names[2][5] = {{"int8, no VNNI", "int8:tileRow, no VNNI", "int8:u8, no VNNI", "int8-qk, no VNNI", "int4, no VNNI"},
                                   {"int8", "int8:tileRow", "int8:u8", "int8-qk", "int4"}};
  for (bool vnni : {false, true}) {
    for (size_t i = 0; i < coded.size() && (!vnni || paroattn::has_vnni()); ++i) {
      rows.push_back({names[vnni][i], flops, quantized(i, vnni)});
    }
  }
  rows.push_back({"statistics", flops / 2, [&] { block_statistics(*operands, statistics, nullptr); }});
  for (int round = 0; round < rounds; ++round) {
    const double before = now(cpu_time), operations = multiply_add_on(threads);
    ceiling = std::max(ceiling, 1e-9 * operations / (now(cpu_time) - before));
    for (Row& row : rows) {
      const double start = now(cpu_time);
      row.run();
      row.best = std::min(row.best, now(cpu_time) - start);
    }
  }

  std::printf("%s, %d threads, %zu heads x %zu x %zu, best of %d\n", instruction_set(), threads, kHeads, kTokens, dim,
              rounds);
  std::printf("FMA ceiling %.0f GFLOP/s\n", ceiling);
  for (const Row& row : rows) {
    std::printf("%-24s %8.2f ms  %7.1f GFLOP/s  %4.1f %% of the ceiling  %.2fx the speed of dense\n", row.name,
                row.best * 1e3, row.operations / row.best * 1e-9, row.operations / row.best * 1e-7 / ceiling,
                rows[0].best / row.best);
  }
  return 0;
}
