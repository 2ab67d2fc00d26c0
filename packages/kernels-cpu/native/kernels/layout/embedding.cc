#include "layout/embedding.h"

#include <stdexcept>
#include <string>

#include "common/parallel.h"

namespace paroattn {

void embedding(const Weight& table, size_t rows, size_t channels, const int32_t* ids, size_t count, float* output) {
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || static_cast<size_t>(ids[i]) >= rows) {
      throw std::out_of_range("expected ids in 0.." + std::to_string(rows == 0 ? 0 : rows - 1) + " but found " +
                              std::to_string(ids[i]) + " at index " + std::to_string(i));
    }
  }
  parallel_ranges(count, kParallelGrain / (channels + 1) + 1, nullptr, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      widen(table, static_cast<size_t>(ids[i]) * channels, channels, output + i * channels);
    }
  });
}

}  // namespace paroattn
