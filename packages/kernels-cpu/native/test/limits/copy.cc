#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "common/aligned_buffer.h"
#include "limits.h"

Work copy_of(size_t bytes) {
  struct Memory {
    paroattn::AlignedBuffer from, to;
  };
  const auto memory = std::make_shared<Memory>(Memory{paroattn::AlignedBuffer(bytes), paroattn::AlignedBuffer(bytes)});
  std::memset(memory->from.data(), 1, bytes);
  std::memset(memory->to.data(), 2, bytes);
  return [memory, bytes] {
    constexpr size_t kPiece = size_t{1} << 20;
    const int64_t pieces = static_cast<int64_t>((bytes + kPiece - 1) / kPiece);
    const char* const from = static_cast<const char*>(memory->from.data());
    char* const to = static_cast<char*>(memory->to.data());
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      const size_t at = static_cast<size_t>(piece) * kPiece;
      std::memcpy(to + at, from + at, std::min(kPiece, bytes - at));
    }
    return static_cast<double>(bytes);
  };
}
