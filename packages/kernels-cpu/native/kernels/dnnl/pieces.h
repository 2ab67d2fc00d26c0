// A range cut into equal pieces but for the last.
#ifndef PAROATTN_DNNL_PIECES_H_
#define PAROATTN_DNNL_PIECES_H_

#include <algorithm>
#include <cstddef>

namespace paroattn {

// Pieces are at most `most` long, or `multiple`; in multiples of it. At least one thing to cut.
struct Pieces {
  Pieces(size_t all, size_t most, size_t multiple) : length(all) {
    const size_t pieces = (all + std::max(most, multiple) - 1) / std::max(most, multiple);
    const size_t even = (all + pieces - 1) / pieces;
    piece = std::min(all, (even + multiple - 1) / multiple * multiple);
    count = (all + piece - 1) / piece;
  }

  size_t first(size_t index) const { return index * piece; }
  size_t size(size_t index) const { return std::min(piece, length - index * piece); }

  size_t length, piece, count;
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_PIECES_H_
