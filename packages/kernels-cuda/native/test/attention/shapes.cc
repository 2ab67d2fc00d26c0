// Every head dim and type over ragged sequences, dense.
#include <cstdio>

#include "attention_case.h"

using namespace paroattn;
using namespace paroattn::test;

int main() {
  Checks checks;
  for (const Element element : {Element::kBF16, Element::kF16}) {
    for (const int head_dim : {64, 72, 96, 128}) {
      for (const int tokens : {1, 63, 64, 65, 127, 129, 200, 513}) {
        AttentionCase options;
        options.seed = static_cast<uint64_t>(tokens * 1000 + head_dim);
        options.element = element;
        options.output_element = tokens % 3 == 0 ? Element::kF32 : element;
        options.head_dim = head_dim;
        options.query_tokens = options.key_tokens = tokens;
        options.name = std::string(element == Element::kF16 ? "f16" : "bf16") + " d " + std::to_string(head_dim) +
                       " n " + std::to_string(tokens);
        check_case(checks, options);
      }
    }
  }
  return checks.finish();
}
