// Rows of every packed head dim: nothing collides, neither in place nor in banks.
#include "common/swizzle.h"

#include <set>

#include "checks.h"

namespace {

using namespace paroattn::cuda;

// Shared memory serves 128 bytes at once from 32 banks of 4: eight chunks of 16 bytes that differ in bits 4 to 6.
int bank_group(int offset) { return offset / 16 % 8; }

void check(paroattn::test::Checks& checks, int chunks) {
  const std::string name = std::to_string(chunks) + " chunks a row, ";
  std::set<int> places;
  bool inside = true;
  for (int row = 0; row < 64; ++row) {
    for (int chunk = 0; chunk < chunks; ++chunk) {
      const int offset = swizzled_offset(row, chunk, chunks);
      places.insert(offset);
      inside = inside && offset % 16 == 0 && offset >= row * chunks * 16 && offset < (row + 1) * chunks * 16;
    }
  }
  checks.expect(inside, name + "chunks stay in their row");
  checks.equal(static_cast<int>(places.size()), 64 * chunks, name + "places");

  for (int chunk = 0; chunk < chunks; ++chunk) {
    for (int row = 0; row + 8 <= 64; row += 8) {
      std::set<int> banks;
      for (int r = 0; r < 8; ++r) banks.insert(bank_group(swizzled_offset(row + r, chunk, chunks)));
      checks.equal(static_cast<int>(banks.size()), 8, name + "banks of eight rows");
    }
  }
  // Eight lanes that copy neighbouring chunks of a row, where a row has whole runs of eight.
  for (int row = 0; chunks % 8 == 0 && row < 64; ++row) {
    std::set<int> banks;
    for (int chunk = 0; chunk < 8; ++chunk) banks.insert(bank_group(swizzled_offset(row, chunk, chunks)));
    checks.equal(static_cast<int>(banks.size()), 8, name + "banks of a row");
  }
}

}  // namespace

int main() {
  paroattn::test::Checks checks;
  for (int chunks : {2, 4, 6, 8, 10, 12, 16, 24, 32}) check(checks, chunks);
  checks.expect(swizzled_chunk(3, 5, 8) == (5 ^ 3) && swizzled_chunk(3, 5, 12) == (5 ^ 1), "known places");
  return checks.finish();
}
