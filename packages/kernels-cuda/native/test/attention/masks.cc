// Block-sparse attention: kinds of masks, orders, key lengths, shared heads of keys, what the epilogue adds.
#include <string>
#include <vector>

#include "attention_case.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

// A reproducible coin for every block.
bool coin(int batch, int head, int query_block, int key_block, double density) {
  Random random(static_cast<uint64_t>(((batch * 31 + head) * 1009 + query_block) * 1009 + key_block + 1));
  random.next();
  return random.uniform() < density;
}

AttentionCase base(const std::string& name, int tokens) {
  AttentionCase options;
  options.name = name;
  options.seed = static_cast<uint64_t>(tokens) + name.size();
  options.query_tokens = options.key_tokens = tokens;
  return options;
}

void check_kinds(Checks& checks) {
  for (const double density : {0.1, 0.3, 0.6, 1.0}) {
    for (const int head_dim : {64, 72, 96, 128}) {
      for (const int tokens : {65, 200, 513}) {
        AttentionCase options = base("random " + std::to_string(density) + " d " + std::to_string(head_dim), tokens);
        options.name += " n " + std::to_string(tokens);
        options.head_dim = head_dim;
        options.element = tokens == 200 ? Element::kF16 : Element::kBF16;
        options.live = [density](int b, int h, int q, int k) { return q == k || coin(b, h, q, k, density); };
        check_case(checks, options);
      }
    }
  }
  AttentionCase one = base("one live block a row", 513);
  one.live = [](int, int, int q, int k) { return k == (5 * q + 3) % 9; };
  check_case(checks, one);
  AttentionCase checkerboard = base("neighbours never share a block", 513);
  checkerboard.live = [](int, int, int q, int k) { return (q + k) % 2 == 0; };
  check_case(checks, checkerboard);
  AttentionCase halves = base("one row sparse, one dense", 320);
  halves.live = [](int, int, int q, int k) { return q % 2 == 0 || k == 4; };
  check_case(checks, halves);
  AttentionCase empty = base("rows without a live block", 320);
  empty.live = [](int, int h, int q, int k) { return h == 0 && q != 1 && q != 4 && k != 2; };
  empty.heads = empty.key_heads = 2;
  empty.residual = empty.row_scale = true;
  check_case(checks, empty);
}

void check_lengths(Checks& checks) {
  for (const int queries : {1, 64, 130}) {
    for (const int keys : {1, 65, 300}) {
      AttentionCase options = base("queries and keys differ in number", queries);
      options.key_tokens = keys;
      options.element = Element::kF16;
      options.name += ": " + std::to_string(queries) + ", " + std::to_string(keys);
      check_case(checks, options);
    }
  }
  for (const bool reversed : {false, true}) {
    AttentionCase options = base(reversed ? "key lengths in reversed orders" : "key lengths", 200);
    options.batch = 3;
    options.heads = options.key_heads = 2;
    options.reversed_heads = reversed;
    options.key_lengths = {200, 70, 1};
    check_case(checks, options);
    // The mask's only live blocks may hold no valid key: zeros and -inf.
    options.name += ", masked";
    options.live = [](int, int, int q, int k) { return k == q % 4 || k == 2; };
    check_case(checks, options);
  }
}

void check_heads(Checks& checks) {
  AttentionCase grouped = base("four heads share two of keys", 150);
  grouped.heads = 4;
  grouped.key_heads = 2;
  grouped.batch = 2;
  grouped.live = [](int b, int h, int q, int k) { return q == k || coin(b, h, q, k, 0.4); };
  check_case(checks, grouped);
  grouped.name += ", a mask for each batch row";
  grouped.mask_batch = 2;
  check_case(checks, grouped);
  AttentionCase dense = base("four heads share one of keys, dense", 129);
  dense.heads = 4;
  dense.head_dim = 128;
  check_case(checks, dense);
  AttentionCase orders = base("every other head reversed", 200);
  orders.heads = orders.key_heads = 3;
  orders.reversed_heads = true;
  orders.row_scale = true;
  orders.live = grouped.live;
  check_case(checks, orders);
}

void check_epilogue(Checks& checks) {
  for (const Element output : {Element::kF32, Element::kF16, Element::kBF16}) {
    for (const int head_dim : {64, 72, 128}) {
      AttentionCase options = base("row scale and residual d " + std::to_string(head_dim), 129);
      options.name += " to " + std::to_string(static_cast<int>(output));
      options.output_element = output;
      options.head_dim = head_dim;
      options.batch = options.heads = options.key_heads = 2;
      options.row_scale = options.residual = true;
      check_case(checks, options);
      options.name += " in place";
      options.in_place = true;
      options.log_sum_exp = false;
      check_case(checks, options);
      options.name += ", some tokens in no row";
      options.skipped_queries = 5;
      check_case(checks, options);
      options.in_place = options.residual = false;
      options.log_sum_exp = true;
      options.name += ", no residual";
      check_case(checks, options);
    }
  }
}

void check_softmax(Checks& checks) {
  for (const Element element : {Element::kBF16, Element::kF16}) {
    AttentionCase growing = base("growing logits", 400);
    growing.element = element;
    growing.growing_keys = true;
    growing.logit_gain = 4.0f;
    check_case(checks, growing);
    AttentionCase sharp = base("sharp logits", 300);
    sharp.element = element;
    sharp.logit_gain = 60.0f;
    check_case(checks, sharp);
    AttentionCase flat = base("flat logits", 513);
    flat.element = element;
    flat.logit_gain = 1e-3f;
    check_case(checks, flat);
  }
}

}  // namespace

int main() {
  Checks checks;
  check_kinds(checks);
  check_lengths(checks);
  check_heads(checks);
  check_epilogue(checks);
  check_softmax(checks);
  return checks.finish();
}
