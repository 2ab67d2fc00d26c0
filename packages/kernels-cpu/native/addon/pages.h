// Pages straight from the system. malloc would keep what is given back in heaps of the thread that gives it, and remap its
// thresholds by what passes through.
#ifndef PAROATTN_ADDON_PAGES_H_
#define PAROATTN_ADDON_PAGES_H_

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace paroattn {

#ifdef PAROATTN_SANITIZE
// The sanitizer watches what malloc gives.
inline void* map_pages(size_t bytes) noexcept { return std::aligned_alloc(64, bytes); }
inline void unmap_pages(void* pages, size_t) noexcept { std::free(pages); }
#else
// Returns nullptr where there is no memory.
inline void* map_pages(size_t bytes) noexcept {
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

// The pages go piece by piece, and the addresses when nothing is behind them: who maps memory meanwhile, JavaScript's heap say,
// waits for a piece at most.
inline void unmap_pages(void* pages, size_t bytes) noexcept {
  constexpr size_t kPiece = size_t{16} << 20;
  for (size_t at = 0; bytes > kPiece && at < bytes; at += kPiece) {
    madvise(static_cast<char*>(pages) + at, std::min(kPiece, bytes - at), MADV_DONTNEED);
  }
  munmap(pages, bytes);
}
#endif

}  // namespace paroattn

#endif  // PAROATTN_ADDON_PAGES_H_
