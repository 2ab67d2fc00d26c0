// Row tables: every token once, tokens first in their block, bad cuts and orders refused.
#include "front/row_table.h"

#include <algorithm>
#include <stdexcept>

#include "attention/packed.h"
#include "checks.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

void check_tables(Checks& checks) {
  const std::vector<std::vector<uint32_t>> cuts = {{0, 1}, {0, 64}, {0, 63, 64}, {0, 64, 65}, {0, 64, 100, 164, 171}};
  for (const std::vector<uint32_t>& starts : cuts) {
    const uint32_t tokens = starts.back();
    Random random(tokens);
    for (const bool reordered : {false, true}) {
      const std::vector<uint32_t> gather = reordered ? random.permutation(tokens) : std::vector<uint32_t>{};
      const std::vector<int32_t> rows = cuda::row_table(starts, gather);
      const std::string name = std::to_string(tokens) + " tokens, " + (reordered ? "reordered" : "in sequence");
      checks.expect(rows.size() == (starts.size() - 1) * cuda::kBlock, "size of " + name);
      bool agrees = true;
      for (size_t block = 0; block + 1 < starts.size(); ++block) {
        for (uint32_t r = 0; r < cuda::kBlock; ++r) {
          const uint32_t position = starts[block] + r;
          const int32_t wanted =
              position >= starts[block + 1] ? -1 : static_cast<int32_t>(reordered ? gather[position] : position);
          agrees = agrees && rows[block * cuda::kBlock + r] == wanted;
        }
      }
      checks.expect(agrees, "rows of " + name);
      std::vector<int32_t> sorted = rows;
      std::sort(sorted.begin(), sorted.end());
      sorted.erase(sorted.begin(), std::lower_bound(sorted.begin(), sorted.end(), 0));
      bool once = sorted.size() == tokens;
      for (size_t i = 0; once && i < sorted.size(); ++i) once = sorted[i] == static_cast<int32_t>(i);
      checks.expect(once, "every token once in " + name);
    }
  }
}

void check_refusal(Checks& checks, const std::vector<uint32_t>& starts, const std::vector<uint32_t>& gather,
                   const std::string& words) {
  std::string message = "nothing";
  try {
    cuda::row_table(starts, gather);
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  checks.expect(message.find(words) != std::string::npos, "refuses with \"" + words + "\" but said " + message);
}

}  // namespace

int main() {
  Checks checks;
  check_tables(checks);
  check_refusal(checks, {}, {}, "at least one block");
  check_refusal(checks, {0}, {}, "at least one block");
  check_refusal(checks, {1, 5}, {}, "from 0");
  check_refusal(checks, {0, 65}, {}, "1 to 64 tokens in block 0 but found 65");
  check_refusal(checks, {0, 10, 10}, {}, "in block 1 but found 0");
  check_refusal(checks, {0, 10, 9}, {}, "in block 1 but found -1");
  check_refusal(checks, {0, 3}, {0, 1}, "an order of 3 tokens but found 2");
  check_refusal(checks, {0, 3}, {0, 1, 3}, "permutation of 3 tokens but found 3");
  check_refusal(checks, {0, 3}, {0, 1, 1}, "found 1 twice");
  return checks.finish();
}
