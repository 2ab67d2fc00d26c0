// Tiles in shared memory: copies put every chunk where ldmatrix looks for it, and nothing shares a bank that should
// not.
#include "attention/tile.h"

#include <set>
#include <string>
#include <vector>

#include "attention/epilogue.h"
#include "front/checks.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

// Eight 16-byte accesses are served at once if they lie in different 16-byte columns of the 128 bytes of banks.
template <class OffsetOf>
bool different_banks(OffsetOf offset_of) {
  std::set<uint32_t> columns;
  for (int i = 0; i < 8; ++i) columns.insert(offset_of(i) / 16 % 8);
  return columns.size() == 8;
}

template <int kPackedDim>
void check_tile(Checks& checks) {
  using Tile = cuda::Tile<kPackedDim>;
  const std::string name = "d " + std::to_string(kPackedDim) + ": ";

  std::vector<int> moved(Tile::kBytes / 16, 0);
  bool placed = true;
  for (int thread = 0; thread < cuda::kThreads; ++thread) {
    for (int pass = 0; pass < cuda::kBlock / Tile::kRowsAPass; ++pass) {
      for (int span = 0; span < Tile::kChunks / Tile::kSpan; ++span) {
        const int step = pass * Tile::kRowsAPass * Tile::kRowBytes + span * Tile::kSpan * 16;
        const int from = static_cast<int>(Tile::copy_from(thread)) + step;
        const int to = static_cast<int>(Tile::copy_to(thread)) + step;
        placed =
            placed && Tile::offset(from / Tile::kRowBytes, from % Tile::kRowBytes / 16) == static_cast<uint32_t>(to);
        ++moved[static_cast<size_t>(to / 16)];
      }
    }
  }
  checks.expect(placed, name + "chunks go to their places");
  checks.expect(moved == std::vector<int>(moved.size(), 1), name + "each chunk is copied once");

  bool banks = true;
  for (int thread = 0; thread < cuda::kThreads; thread += 8) {
    banks = banks && different_banks([&](int i) { return Tile::copy_to(thread + i); });
  }
  checks.expect(banks, name + "copies do not meet in a bank");

  bool found = true;
  banks = true;
  for (const uint32_t tile : {0u, static_cast<uint32_t>(2 * Tile::kBytes)}) {
    for (int row = 0; row < cuda::kBlock; row += 16) {
      for (int step = 0; step < kPackedDim / 16; ++step) {
        for (const bool rows_first : {true, false}) {
          const auto place = [&](int lane) {
            return Tile::group_offset(tile + Tile::lane_offset(lane, rows_first), row, step);
          };
          for (int lane = 0; lane < 32; ++lane) {
            const int matrix = lane / 8;
            const int down = rows_first ? matrix % 2 : matrix / 2, along = rows_first ? matrix / 2 : matrix % 2;
            found = found && place(lane) == tile + Tile::offset(row + 8 * down + lane % 8, 2 * step + along);
          }
          for (int matrix = 0; matrix < 4; ++matrix) {
            banks = banks && different_banks([&](int i) { return place(8 * matrix + i); });
          }
        }
      }
    }
  }
  checks.expect(found, name + "lanes find their rows");
  checks.expect(banks, name + "ldmatrix does not meet in a bank");

  // Outputs: half a warp (four rows, four lanes each) stores 8 bytes a lane, eight lanes load 16 bytes of a row.
  using Staging = cuda::Staging<kPackedDim>;
  bool apart = true, whole = true;
  std::set<uint32_t> places;
  for (int row = 0; row < 32; ++row) {
    for (int group = 0; group < kPackedDim / 8; ++group) places.insert(Staging::offset(row, group));
  }
  whole = places.size() == 32 * kPackedDim / 8 && *places.rbegin() == static_cast<uint32_t>(Staging::kBytes) - 32;
  for (int row = 0; row < 32; row += 4) {
    for (int group = 0; group < kPackedDim / 8; ++group) {
      std::set<uint32_t> columns;
      for (int i = 0; i < 4; ++i) columns.insert(Staging::offset(row + i, group) / 32 % 4);
      apart = apart && columns.size() == 4;
    }
  }
  checks.expect(whole, name + "staged outputs fill their place");
  checks.expect(apart, name + "stores of outputs do not meet in a bank");
}

}  // namespace

int main() {
  Checks checks;
  check_tile<64>(checks);
  check_tile<80>(checks);
  check_tile<96>(checks);
  check_tile<128>(checks);
  return checks.finish();
}
