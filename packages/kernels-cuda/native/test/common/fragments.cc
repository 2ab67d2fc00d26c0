// Every entry of every operand has one place, and what one product leaves is what the next one takes.
#include "common/fragments.h"

#include <vector>

#include "checks.h"

namespace {

using namespace paroattn::cuda::fragments;
using paroattn::test::Checks;

class Cover {
 public:
  Cover(int rows, int columns) : columns_(columns), count_(rows * columns, 0) {}
  void mark(int row, int column) {
    const size_t at = static_cast<size_t>(row * columns_ + column);
    if (row >= 0 && column >= 0 && column < columns_ && at < count_.size()) {
      ++count_[at];
    } else {
      outside_ = true;
    }
  }
  bool exactly_once() const {
    for (int count : count_) {
      if (count != 1) return false;
    }
    return !outside_;
  }

 private:
  int columns_;
  std::vector<int> count_;
  bool outside_ = false;
};

void bijective(Checks& checks) {
  Cover a(16, 16), b(16, 8), c(16, 8), matrix(8, 8), addresses(4, 8);
  for (int lane = 0; lane < 32; ++lane) {
    for (int e = 0; e < 2; ++e) {
      for (int reg = 0; reg < 4; ++reg) a.mark(a_row(lane, reg), a_column(lane, reg, e));
      for (int reg = 0; reg < 2; ++reg) b.mark(b_row(lane, reg, e), b_column(lane));
      matrix.mark(matrix_row(lane), matrix_column(lane, e));
    }
    for (int reg = 0; reg < 4; ++reg) c.mark(c_row(lane, reg), c_column(lane, reg));
  }
  checks.expect(a.exactly_once(), "A is covered once");
  checks.expect(b.exactly_once(), "B is covered once");
  checks.expect(c.exactly_once(), "C is covered once");
  checks.expect(matrix.exactly_once(), "a matrix of ldmatrix is covered once");
  std::vector<int> lanes(32, 0);
  for (int reg = 0; reg < 4; ++reg) {
    for (int row = 0; row < 8; ++row) ++lanes[static_cast<size_t>(address_lane(reg, row))];
  }
  checks.expect(lanes == std::vector<int>(32, 1), "every lane gives the address of one row");
}

// The published formulas, written out the other way round: from the entry to the place.
void as_published(Checks& checks) {
  for (int lane = 0; lane < 32; ++lane) {
    const int group = lane >> 2, in_group = lane % 4;
    for (int i = 0; i < 8; ++i) {  // A: a0 .. a7
      const int row = (i >= 0 && i < 2) || (i >= 4 && i < 6) ? group : group + 8;
      const int column = i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
      checks.equal(a_row(lane, i / 2), row, "row of a");
      checks.equal(a_column(lane, i / 2, i % 2), column, "column of a");
    }
    for (int i = 0; i < 4; ++i) {  // B: b0 .. b3, C: c0 .. c3
      checks.equal(b_row(lane, i / 2, i % 2), i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8, "row of b");
      checks.equal(b_column(lane), group, "column of b");
      checks.equal(c_row(lane, i), i < 2 ? group : group + 8, "row of c");
      checks.equal(c_column(lane, i), in_group * 2 + (i & 1), "column of c");
    }
  }
}

// Tiles 2j and 2j + 1 of a 16-row product as operand A: entry (row, 8 * parity + column) of the 16 columns.
void handed_over(Checks& checks) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int parity = 0; parity < 2; ++parity) {
      for (int c = 0; c < 4; ++c) {
        const int reg = a_register_of(parity, c & ~1);
        checks.equal(a_row(lane, reg), c_row(lane, c), "row of an entry handed over");
        checks.equal(a_column(lane, reg, c & 1), 8 * parity + c_column(lane, c), "column of an entry handed over");
      }
    }
  }
}

// What an 8x8 matrix leaves in a lane is a part of an operand: rows first for A, and for B the transposed values or, without
// transposing, rows of keys.
void from_matrices(Checks& checks) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int e = 0; e < 2; ++e) {
      for (int reg = 0; reg < 4; ++reg) {
        checks.equal(a_row(lane, reg), matrix_row(lane) + 8 * (reg & 1), "A from matrices: row");
        checks.equal(a_column(lane, reg, e), matrix_column(lane, e) + 8 * (reg >> 1), "A from matrices: column");
      }
      for (int reg = 0; reg < 2; ++reg) {
        checks.equal(b_column(lane), matrix_row(lane), "B from matrices: column");
        checks.equal(b_row(lane, reg, e), matrix_column(lane, e) + 8 * reg, "B from matrices: row");
      }
    }
  }
}

}  // namespace

int main() {
  Checks checks;
  bijective(checks);
  as_published(checks);
  handed_over(checks);
  from_matrices(checks);
  return checks.finish();
}
