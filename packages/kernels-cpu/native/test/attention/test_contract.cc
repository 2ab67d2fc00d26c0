#include <omp.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "attention.h"
#include "checks.h"
#include "problem.h"
#include "tests.h"

using namespace paroattn::attention;

namespace {

Traits traits_of(size_t tokens, size_t heads) {
  Traits traits;
  traits.query_tokens = traits.key_tokens = tokens;
  traits.heads = heads;
  traits.head_dim = 40;
  traits.distinct = 2;
  return traits;
}

std::vector<float> run(const Operands& operands, const Mask* mask = nullptr) {
  const OperandsShape shape = shape_of(operands);
  std::vector<float> output(shape.batch * shape.query_tokens * shape.heads * shape.head_dim, -7.0f);
  AttentionOptions options;
  options.mask = mask;
  attention(operands, options, output.data(), nullptr);
  return output;
}

void check_threads(Checks& checks, const std::string& name) {
  Random random(11);
  const Problem problem(traits_of(333, 3), random);
  Status status;
  std::vector<float> first;
  for (int threads : {1, 2, 3, 5}) {
    omp_set_num_threads(threads);
    const auto operands = prepare_attention(problem.options, nullptr, &status);
    const auto output = run(*operands);
    if (first.empty()) first = output;
    checks.expect(std::memcmp(first.data(), output.data(), output.size() * sizeof(float)) == 0,
                  name + "the same bits with " + std::to_string(threads) + " threads");
  }
  omp_set_num_threads(2);
}

// All blocks live is the dense result; a full mask and no mask take different paths to it.
void check_full_mask(Checks& checks, const std::string& name) {
  Random random(12);
  const Problem problem(traits_of(200, 2), random);
  Status status;
  const auto operands = prepare_attention(problem.options, nullptr, &status);
  const std::vector<uint8_t> bits(2 * 2, 0xff);
  const auto mask = prepare_mask(bits.data(), 1, 2, 4, 4);
  checks.expect(run(*operands) == run(*operands, mask.get()), name + "a full mask is dense");
}

void check_dead_rows(Checks& checks, const std::string& name) {
  Random random(13);
  Traits traits = traits_of(192, 1);
  traits.distinct = 0;
  Problem problem(traits, random);
  const uint32_t length = 64;
  problem.options.key_lengths = &length;
  Status status;
  const auto operands = prepare_attention(problem.options, nullptr, &status);
  const auto outcome = [&](std::vector<uint8_t> bits) {
    const auto mask = prepare_mask(bits.data(), 1, 1, 3, 3);
    std::vector<float> output(192 * 40);
    AttentionOptions options;
    options.mask = mask.get();
    const Status result = attention(*operands, options, output.data(), nullptr);
    checks.expect((result == Status::kOk) == every_query_has_a_live_key(*operands, *mask), name + "the check agrees");
    return result;
  };
  // Rows of three bits; only the first key block holds valid keys.
  checks.expect(outcome({0b01001001, 0}) == Status::kOk, name + "first key block live everywhere");
  checks.expect(outcome({0b01000001, 0}) == Status::kNoLiveKey, name + "a row without a live block");
  checks.expect(outcome({0b01110001, 0}) == Status::kNoLiveKey, name + "a row with only invalid keys");
}

void check_cancel(Checks& checks, const std::string& name) {
  Random random(14);
  const Problem problem(traits_of(300, 2), random);
  const std::atomic<bool> yes{true}, no{false};
  Status status = Status::kOk;
  checks.expect(prepare_attention(problem.options, &yes, &status) == nullptr && status == Status::kCancelled,
                name + "a cancelled front");
  const auto operands = prepare_attention(problem.options, &no, &status);
  checks.expect(operands != nullptr && status == Status::kOk, name + "a front that is not cancelled");
  std::vector<float> output(300 * 80), lse(600), tiles(2 * 25);
  checks.expect(attention(*operands, {}, output.data(), &yes) == Status::kCancelled, name + "cancelled attention");
  StatisticsOptions options;
  options.log_sum_exp = lse.data();
  options.sum = options.maximum = options.small_count = tiles.data();
  checks.expect(block_statistics(*operands, options, &yes) == Status::kCancelled, name + "cancelled statistics");
}

struct Ledger {
  size_t held = 0, calls = 0, fail_at = std::numeric_limits<size_t>::max();
  static void* allocate(size_t bytes, void* context) {
    auto* ledger = static_cast<Ledger*>(context);
    if (ledger->calls++ == ledger->fail_at) return nullptr;
    ledger->held += bytes;
    return ::operator new(bytes, std::align_val_t{64});
  }
  static void release(void* pointer, size_t bytes, void* context) {
    static_cast<Ledger*>(context)->held -= bytes;
    ::operator delete(pointer, std::align_val_t{64});
  }
};

void check_allocator(Checks& checks, const std::string& name) {
  Random random(15);
  Problem problem(traits_of(500, 2), random);
  Ledger ledger;
  problem.options.allocator = {Ledger::allocate, Ledger::release, &ledger};
  Status status;
  {
    const auto operands = prepare_attention(problem.options, nullptr, &status);
    checks.expect(ledger.held == shape_of(*operands).bytes, name + "reports what it holds");
    // O(tokens): padded panels of q, k, v and little more.
    checks.expect(ledger.held < 2 * 3 * sizeof(float) * 2 * 512 * 48, name + "holds little more than q, k and v");
  }
  checks.expect(ledger.held == 0, name + "gives everything back");
  for (size_t fail_at = 0; fail_at < ledger.calls; ++fail_at) {
    Ledger failing;
    failing.fail_at = fail_at;
    problem.options.allocator.context = &failing;
    bool thrown = false;
    try {
      prepare_attention(problem.options, nullptr, &status);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    checks.expect(thrown && failing.held == 0, name + "a failed allocation throws and leaks nothing");
  }
}

// A NaN query spoils its own row and no other; a NaN key spoils every row that sees it.
void check_nan(Checks& checks, const std::string& name) {
  Random random(16);
  Traits traits = traits_of(130, 1);
  traits.distinct = 0;
  Problem problem(traits, random);
  Status status;
  problem.query[5 * 40 + 3] = NAN;
  auto output = run(*prepare_attention(problem.options, nullptr, &status));
  bool right = true;
  for (size_t i = 0; i < output.size(); ++i) right = right && std::isnan(output[i]) == (i / 40 == 5);
  checks.expect(right, name + "a NaN query spoils its row only");
  problem.query[5 * 40 + 3] = 0;
  problem.key[100 * 40] = NAN;
  output = run(*prepare_attention(problem.options, nullptr, &status));
  right = true;
  for (float x : output) right = right && std::isnan(x);
  checks.expect(right, name + "a NaN key spoils every row");
}

// A bias of -infinity is the usual way to write a mask: the keys it hides have no weight.
void check_infinite_bias(Checks& checks, const std::string& name) {
  Random random(17);
  Traits traits = traits_of(150, 1);
  traits.distinct = 0;
  Problem problem(traits, random);
  std::vector<float> bias(150 * 150, 0.0f), biased(150 * 40);
  for (size_t i = 0; i < bias.size(); ++i) {
    if (i % 150 >= 81) bias[i] = -INFINITY;
  }
  Status status;
  AttentionOptions options;
  options.bias = bias.data();
  attention(*prepare_attention(problem.options, nullptr, &status), options, biased.data(), nullptr);
  const uint32_t length = 81;
  problem.options.key_lengths = &length;
  const auto wanted = run(*prepare_attention(problem.options, nullptr, &status));
  checks.close(biased, std::vector<double>(wanted.begin(), wanted.end()), 1e-6, name + "hides keys");

  // The first blocks of a row may hide all their keys.
  problem.options.key_lengths = nullptr;
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = i % 150 < 140 ? -INFINITY : 0.0f;
  attention(*prepare_attention(problem.options, nullptr, &status), options, biased.data(), nullptr);
  bool finite = true;
  for (float x : biased) finite = finite && std::isfinite(x);
  checks.expect(finite, name + "of -infinity over whole blocks");
}

}  // namespace

void check_contract(Checks& checks, const char* target) {
  const std::string name = std::string(target) + " ";
  check_threads(checks, name + "threads: ");
  check_full_mask(checks, name + "mask: ");
  check_dead_rows(checks, name + "dead rows: ");
  check_cancel(checks, name + "cancel: ");
  check_allocator(checks, name + "allocator: ");
  check_nan(checks, name + "NaN: ");
  check_infinite_bias(checks, name + "bias: ");
}
