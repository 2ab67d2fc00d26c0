// Where the codes of a block of queries and a block of keys are made ready to be multiplied.
#ifndef PAROATTN_ATTENTION_LOGIT_WORDS_H_
#define PAROATTN_ATTENTION_LOGIT_WORDS_H_

#include <cstddef>
#include <cstdint>

#include "operands.h"

namespace paroattn {
namespace attention {

struct LogitWords {
  // room: `words` words, 64-byte aligned
  LogitWords(const Operands& operands, void* room)
      : queries(static_cast<uint32_t*>(room)),
        keys(queries + 2 * kBlock * operands.code_words),
        offsets(reinterpret_cast<int32_t*>(keys + 2 * kBlock * operands.code_words)) {}
  static size_t words(const Operands& operands) {
    return operands.quantization.query_key_bits > 0 ? kBlock * (4 * operands.code_words + 1) : 0;
  }

  uint32_t* queries;  // [64][code_words], or twice as many with two codes a word
  uint32_t* keys;     // [code_words][64], or twice as many
  int32_t* offsets;   // [64], to add to the sums of a row
};

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_LOGIT_WORDS_H_
