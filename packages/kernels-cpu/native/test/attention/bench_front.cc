// The fused front against a copy of the same bytes by the same threads. Interleaved; best and median.
// bench_front [--threads 2] [--rounds 15] [--heads 8] [--tokens 4096] [--dim 64] [--target AVX2]
#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "attention.h"
#include "checks.h"
#include "each_target.h"

using namespace paroattn::attention;

namespace {

// Memory that was touched before and is used again, as the addon's pool gives it in steady state.
class Pool {
 public:
  explicit Pool(bool huge) : huge_(huge) {}
  static void* allocate(size_t bytes, void* context) {
    auto& free = static_cast<Pool*>(context)->free_;
    for (size_t i = 0; i < free.size(); ++i) {
      if (free[i].first != bytes) continue;
      void* const pointer = free[i].second;
      free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
      return pointer;
    }
    constexpr size_t kHuge = 2 << 20;
    if (!static_cast<Pool*>(context)->huge_ || bytes < kHuge) return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    void* const pointer = std::aligned_alloc(kHuge, (bytes + 4095) / 4096 * 4096);
    madvise(pointer, bytes, MADV_HUGEPAGE);
    return pointer;
  }
  static void release(void* pointer, size_t bytes, void* context) {
    static_cast<Pool*>(context)->free_.push_back({bytes, pointer});
  }
  ~Pool() {
    for (const auto& block : free_) std::free(block.second);
  }

 private:
  bool huge_;
  std::vector<std::pair<size_t, void*>> free_;
};

struct Row {
  const char* name;
  std::function<void()> run;
  std::vector<double> seconds = {};
  double best() const { return *std::min_element(seconds.begin(), seconds.end()); }
  double median() const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

// Every thread copies `pieces` runs of each tensor.
void copy_all(const float* const* from, float* const* to, size_t floats, int pieces) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < 3 * pieces; ++i) {
    const size_t tensor = static_cast<size_t>(i % 3), piece = static_cast<size_t>(i / 3);
    const size_t begin = floats * piece / static_cast<size_t>(pieces);
    const size_t end = floats * (piece + 1) / static_cast<size_t>(pieces);
    std::memcpy(to[tensor] + begin, from[tensor] + begin, (end - begin) * sizeof(float));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](const char* name, const char* fallback) {
    for (int i = 1; i + 1 < argc; i += 2) {
      if (std::strcmp(argv[i], name) == 0) return const_cast<const char*>(argv[i + 1]);
    }
    return fallback;
  };
  const auto number = [&](const char* name, const char* fallback) {
    return static_cast<size_t>(std::atoi(argument(name, fallback)));
  };
  const int threads = static_cast<int>(number("--threads", "2"));
  const size_t rounds = number("--rounds", "15"), heads = number("--heads", "8");
  const size_t tokens = number("--tokens", "4096"), dim = number("--dim", "64");
  use_target(argument("--target", ""));
  omp_set_num_threads(threads);
  Random random(1);
  const size_t size = tokens * heads * dim;
  // Ordinary numbers; a period of their own keeps this quick for the largest case.
  const auto some = random.normals(65521);
  Pool pool(number("--huge", "0") != 0);
  float *tensors[3], *copies[3];
  for (int t = 0; t < 3; ++t) {
    tensors[t] = static_cast<float*>(Pool::allocate(size * sizeof(float), &pool));
    copies[t] = static_cast<float*>(Pool::allocate(size * sizeof(float), &pool));
    for (size_t i = 0; i < size; ++i) copies[t][i] = tensors[t][i] = some[i % some.size()];
  }
  const auto reordered = random.permutation(static_cast<uint32_t>(tokens));
  // An order of the grid as a plan has it: 64 columns walked one by one.
  std::vector<uint32_t> columns;
  for (uint32_t x = 0; x < 64; ++x) {
    for (uint32_t token = x; token < tokens; token += 64) columns.push_back(token);
  }
  const uint32_t* indices[] = {nullptr, columns.data()};
  const uint32_t* scattered[] = {reordered.data()};
  std::vector<uint32_t> choice(heads), zeros(heads);
  for (uint32_t h = 0; h < heads; ++h) choice[h] = h % 2;
  std::vector<float> cosine(tokens * dim / 2, 0.6f), sine(tokens * dim / 2, 0.8f), weight(dim, 1.0f);

  FrontOptions front;
  front.query = tensors[0];
  front.key = tensors[1];
  front.value = tensors[2];
  front.query_tokens = front.key_tokens = tokens;
  front.heads = front.key_value_heads = heads;
  front.head_dim = dim;
  front.scale = 1.0f / std::sqrt(static_cast<float>(dim));
  front.allocator = {Pool::allocate, Pool::release, &pool};
  FrontOptions ordered = front, scatter = front, normed = front, interleaved = front, halves = front;
  ordered.orders = {indices, 2, choice.data()};
  scatter.orders = {scattered, 1, zeros.data()};
  normed.norm.kind = NormKind::kRms;
  normed.norm.query_weight = normed.norm.key_weight = weight.data();
  interleaved.rotary = {cosine.data(), sine.data(), RotaryPairing::kInterleaved};
  halves.rotary = {cosine.data(), sine.data(), RotaryPairing::kHalf};
  FrontOptions full = ordered, full_halves = ordered;
  full.norm.kind = NormKind::kLayer;
  full.rotary = interleaved.rotary;
  full_halves.norm = normed.norm;
  full_halves.rotary = halves.rotary;

  const float* from[] = {tensors[0], tensors[1], tensors[2]};
  std::vector<Row> rows;
  rows.push_back({"copy, a run a thread", [&] { copy_all(from, copies, size, threads); }});
  rows.push_back({"copy, runs of 64 KiB", [&] { copy_all(from, copies, size, static_cast<int>(size / 16384 + 1)); }});
  const auto add = [&](const char* name, const FrontOptions& options) {
    rows.push_back({name, [&options] {
                      Status status;
                      prepare_attention(options, nullptr, &status);
                    }});
  };
  add("pack", front);
  add("columns in every other head", ordered);
  add("tokens in random order", scatter);
  add("RMS norm", normed);
  add("rotary, interleaved", interleaved);
  add("rotary, halves", halves);
  add("columns, layer norm, interleaved", full);
  add("columns, RMS norm, halves", full_halves);
  for (size_t round = 0; round <= rounds; ++round) {
    for (Row& row : rows) {
      const auto start = std::chrono::steady_clock::now();
      row.run();
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      if (round > 0) row.seconds.push_back(elapsed.count());  // the first one touches the pages
    }
  }

  std::printf("%s, %d threads, %zu heads x %zu x %zu, %zu rounds; times over the faster copy's\n", instruction_set(),
              threads, heads, tokens, dim, rounds);
  const double best = std::min(rows[0].best(), rows[1].best()), median = std::min(rows[0].median(), rows[1].median());
  for (const Row& row : rows) {
    std::printf("%-34s best %8.3f ms %5.2fx   median %8.3f ms %5.2fx\n", row.name, row.best() * 1e3, row.best() / best,
                row.median() * 1e3, row.median() / median);
  }
  return 0;
}
