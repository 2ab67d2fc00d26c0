#include <string>

#include "attention.h"
#include "checks.h"
#include "problem.h"
#include "tests.h"

using namespace paroattn::attention;

namespace {

void check_lists(Checks& checks, Random& random, size_t batch, size_t heads, size_t query_blocks, size_t key_blocks) {
  const auto bits = random_mask(random, batch, heads, query_blocks, key_blocks, 0.4);
  const auto mask = prepare_mask(bits.data(), batch, heads, query_blocks, key_blocks);
  bool equal = true, ascending = true, sorted = true;
  std::vector<int> seen(batch * heads * query_blocks, 0);
  for (size_t head = 0; head < batch * heads; ++head) {
    for (size_t qb = 0; qb < query_blocks; ++qb) {
      const size_t row = mask->row(head / heads, head % heads, qb);
      size_t next = 0;
      for (size_t kb = 0; kb < key_blocks; ++kb) {
        if (!is_live(bits, head, query_blocks, key_blocks, qb, kb)) continue;
        equal = equal && next < mask->live_count(row) && mask->live(row)[next] == kb;
        ++next;
      }
      equal = equal && next == mask->live_count(row);
      for (size_t i = 1; i < mask->live_count(row); ++i) {
        ascending = ascending && mask->live(row)[i - 1] < mask->live(row)[i];
      }
      const size_t place = head * query_blocks + qb;
      ++seen[mask->work()[place]];
      sorted = sorted && mask->work()[place] / query_blocks == head &&
               (qb == 0 || mask->live_count(mask->work()[place - 1]) >= mask->live_count(mask->work()[place]));
    }
  }
  const std::string name = "mask " + std::to_string(query_blocks) + "x" + std::to_string(key_blocks);
  checks.expect(equal && ascending, name + " live lists");
  checks.expect(sorted, name + " order of work");
  checks.expect(seen == std::vector<int>(seen.size(), 1), name + " work covers every row once");
  checks.expect(mask->bytes() >= seen.size() * sizeof(uint32_t), name + " bytes");
}

// Executed pairs against counting every pair.
void check_pairs(Checks& checks, Random& random) {
  Traits traits;
  traits.batch = 2, traits.heads = 2, traits.query_tokens = traits.key_tokens = 203, traits.text = 70;
  traits.head_dim = 4, traits.distinct = 2, traits.key_lengths = true;
  const Problem problem(traits, random);
  Status status;
  const auto operands = prepare_attention(problem.options, nullptr, &status);
  const size_t blocks = problem.options.query_partition.blocks;
  const auto bits = random_mask(random, 1, 2, blocks, blocks, 0.5);
  const auto mask = prepare_mask(bits.data(), 1, 2, blocks, blocks);
  double all = 0, live = 0;
  for (size_t b = 0; b < 2; ++b) {
    for (size_t h = 0; h < 2; ++h) {
      for (size_t i = 0; i < 203; ++i) {
        for (size_t j = 0; j < 203; ++j) {
          const uint32_t* indices = problem.indices(h);
          if ((indices ? indices[j] : j) >= problem.key_lengths[b]) continue;
          size_t qb = 0, kb = 0;
          while (i >= problem.query_starts[qb + 1]) ++qb;
          while (j >= problem.key_starts[kb + 1]) ++kb;
          all += 1;
          live += is_live(bits, h, blocks, blocks, qb, kb);
        }
      }
    }
  }
  checks.expect(executed_pairs(*operands, nullptr) == all, "executed pairs, dense");
  checks.expect(executed_pairs(*operands, mask.get()) == live, "executed pairs, sparse");
}

}  // namespace

void check_mask(Checks& checks) {
  Random random(7);
  check_lists(checks, random, 1, 3, 7, 7);    // 49 bits: heads start on a byte
  check_lists(checks, random, 2, 2, 64, 64);
  check_lists(checks, random, 3, 1, 5, 33);
  check_lists(checks, random, 1, 1, 1, 300);
  for (int i = 0; i < 5; ++i) check_pairs(checks, random);
}
