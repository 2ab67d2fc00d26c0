// The list of live blocks against a walk over single bits.
#include "attention/live_list.h"

#include <cstring>
#include <string>
#include <vector>

#include "attention/work_order.h"
#include "front/checks.h"
#include "front/device_array.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

struct Listing {
  cuda::LiveRows rows;
  uint32_t* entries;  // [key_blocks], with whole block numbers
  int* count;
};

// As the attention kernel does: stretch after stretch, the list in use in between.
__global__ void list_all(const Listing listing) {
  cuda::LiveList* const list = cuda::dynamic_shared<cuda::LiveList>();
  int total = 0;
  for (int start = 0; start < listing.rows.key_blocks; start = list->next) {
    const int live = cuda::list_live_blocks(listing.rows, start, list);
    for (int i = static_cast<int>(threadIdx.x); i < live; i += cuda::kThreads) {
      const uint32_t entry = list->entries[i];
      const uint32_t block = static_cast<uint32_t>(start) + (entry & cuda::kEntryBlock);
      const bool valid = list->key_counts == listing.rows.key_counts + start &&
                         list->keys == listing.rows.keys + start * listing.rows.tile_bytes;
      listing.entries[total + i] = valid ? block << 3 | entry >> 9 : 0u;
    }
    total += live;
  }
  if (threadIdx.x == 0) *listing.count = total;
}

void check(Checks& checks, Random& random, int key_blocks, double density, bool has_second, bool masked) {
  const size_t words = static_cast<size_t>(cuda::mask_words_of(key_blocks));
  std::vector<uint32_t> bits(2 * words, 0u);
  std::vector<int32_t> counts(static_cast<size_t>(key_blocks));
  for (int32_t& count : counts) {
    const uint32_t kind = random.below(8);
    count = kind == 0 ? 0 : kind == 1 ? static_cast<int32_t>(1 + random.below(63)) : 64;
  }
  for (size_t word = 0; word < bits.size(); ++word) {
    if (random.below(4) == 0) continue;  // whole words are empty
    for (uint32_t bit = 0; bit < 32; ++bit) bits[word] |= (random.uniform() < density ? 1u : 0u) << bit;
  }

  // Bits beyond the last block may be set: they mean nothing.
  std::vector<uint32_t> expected;
  for (int block = 0; block < key_blocks; ++block) {
    const size_t word = static_cast<size_t>(block) / 32;
    const uint32_t first = !masked || (bits[word] >> block % 32 & 1u) ? 1u : 0u;
    const uint32_t second = has_second && (!masked || (bits[words + word] >> block % 32 & 1u)) ? 1u : 0u;
    if (counts[block] == 0 || first + second == 0) continue;
    expected.push_back(static_cast<uint32_t>(block) << 3 | (counts[block] < 64 ? 4u : 0u) | second << 1 | first);
  }

  DeviceArray<uint32_t> device_bits(bits), entries(static_cast<size_t>(key_blocks));
  DeviceArray<int32_t> device_counts(counts);
  DeviceArray<int> count(1);
  Listing listing;
  listing.rows.first = masked ? device_bits.device() : nullptr;
  listing.rows.second = masked ? device_bits.device() + words : nullptr;
  listing.rows.has_second = has_second;
  listing.rows.key_counts = device_counts.device();
  listing.rows.key_blocks = key_blocks;
  listing.rows.keys = reinterpret_cast<const char*>(device_counts.device());  // nothing is read from it
  listing.rows.tile_bytes = 4;
  listing.entries = entries.device();
  listing.count = count.device();
  must(cuda::launch(&list_all, cuda::LaunchShape{dim3(1), dim3(cuda::kThreads), sizeof(cuda::LiveList)}, nullptr,
                    listing),
       "list_all");
  must(cudaDeviceSynchronize(), "list_all's run");
  entries.download();
  count.download();
  bool same = static_cast<size_t>(count.host()[0]) == expected.size();
  for (size_t i = 0; same && i < expected.size(); ++i) same = entries.host()[i] == expected[i];
  checks.expect(same, std::to_string(key_blocks) + " blocks at " + std::to_string(density) +
                          (has_second ? ", two rows" : ", one row") + (masked ? "" : ", dense"));
}

}  // namespace

int main() {
  Checks checks;
  Random random(7);
  for (const int key_blocks : {1, 31, 32, 33, 96, 127, 278, 383, 384, 385, 800, 1182}) {
    for (const double density : {0.0, 0.02, 0.3, 1.0}) {
      for (const bool has_second : {true, false}) check(checks, random, key_blocks, density, has_second, true);
    }
    check(checks, random, key_blocks, 0.5, true, false);
    check(checks, random, key_blocks, 0.5, false, false);
  }
  return checks.finish();
}
