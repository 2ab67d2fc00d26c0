#ifndef PAROATTN_LAYOUT_EMBEDDING_H_
#define PAROATTN_LAYOUT_EMBEDDING_H_

#include <cstddef>
#include <cstdint>

#include "common/weight.h"

namespace paroattn {

// output[i] = table[ids[i]] as f32, table [rows, channels]. Throws std::out_of_range naming the first id outside the
// table; the output is untouched then.
void embedding(const Weight& table, size_t rows, size_t channels, const int32_t* ids, size_t count, float* output);

}  // namespace paroattn

#endif  // PAROATTN_LAYOUT_EMBEDDING_H_
