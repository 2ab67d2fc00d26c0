// Shapes and features to test: awkward on purpose, since 64-token blocks of 64 channels hide every bug of the tails.
#ifndef PAROATTN_TEST_CASES_H_
#define PAROATTN_TEST_CASES_H_

#include <string>
#include <vector>

#include "problem.h"

struct Case {
  std::string name;
  Traits traits;
  bool bias = false;
};

inline std::vector<Case> cases() {
  using paroattn::attention::NormKind;
  std::vector<Case> list;
  const auto add = [&](const std::string& name, bool bias, auto change) {
    Traits traits;
    change(traits);
    list.push_back({name, traits, bias});
  };
  add("one block", false, [](Traits&) {});
  add("one token", false, [](Traits& t) { t.query_tokens = t.key_tokens = 1; });
  add("one channel", false, [](Traits& t) { t.head_dim = 1, t.query_tokens = t.key_tokens = 70; });
  add("cross", false, [](Traits& t) {
    t.query_tokens = 130, t.key_tokens = 77, t.heads = 2, t.key_lengths = true, t.batch = 3;
  });
  add("72 channels, rms, interleaved", false, [](Traits& t) {
    t.query_tokens = t.key_tokens = 300, t.heads = 3, t.head_dim = 72, t.norm = NormKind::kRms, t.weights = true;
    t.rotary = 1, t.distinct = 2, t.batch = 2;
  });
  add("128 channels, layer, half, text", false, [](Traits& t) {
    t.query_tokens = t.key_tokens = 226 + 195, t.text = 226, t.heads = 4, t.key_value_heads = 2, t.head_dim = 128;
    t.norm = NormKind::kLayer, t.weights = true, t.rotary = 2, t.distinct = 3;
  });
  add("6 channels, layer, interleaved", false, [](Traits& t) {
    t.query_tokens = t.key_tokens = 129, t.heads = 2, t.head_dim = 6, t.norm = NormKind::kLayer, t.rotary = 1;
    t.distinct = 2;
  });
  add("reordered padded keys", true, [](Traits& t) {
    t.query_tokens = t.key_tokens = 259, t.heads = 3, t.key_value_heads = 1, t.head_dim = 20, t.distinct = 3;
    t.key_lengths = true, t.batch = 3, t.rotary = 2;
  });
  add("bias", true, [](Traits& t) { t.query_tokens = 65, t.key_tokens = 190, t.heads = 2, t.head_dim = 33; });
  add("sharp", false, [](Traits& t) { t.query_tokens = t.key_tokens = 500, t.magnitude = 60; });
  add("512 channels", false, [](Traits& t) { t.query_tokens = t.key_tokens = 144, t.head_dim = 512; });
  // Channels that no vector divides, far from zero: the zeros behind them must not enter the variance.
  for (float mean : {30.0f, 100.0f, 1000.0f}) {
    for (size_t dim : {17, 24, 64, 72}) {
      add(std::to_string(dim) + " channels, layer, mean " + std::to_string(mean), false, [=](Traits& t) {
        t.head_dim = dim, t.mean = mean, t.norm = NormKind::kLayer, t.weights = true, t.rotary = dim % 2 ? 0 : 2;
      });
    }
  }
  // Every way in which the channels divide into vectors and tiles of registers.
  for (size_t dim = 32; dim <= 256; dim += 8) {
    add(std::to_string(dim) + " channels", false, [=](Traits& t) { t.query_tokens = t.key_tokens = 131, t.head_dim = dim; });
  }
  for (size_t tail : {2, 3, 5, 7, 8, 9, 10, 12, 13, 20, 61, 62, 63}) {
    add("tail", false, [=](Traits& t) { t.query_tokens = t.key_tokens = 64 + tail, t.head_dim = 16 * (tail % 7 + 1); });
  }
  return list;
}

#endif  // PAROATTN_TEST_CASES_H_
