// Types of stored numbers.
#ifndef PAROATTN_CUDA_COMMON_ELEMENT_H_
#define PAROATTN_CUDA_COMMON_ELEMENT_H_

#include <cstddef>

namespace paroattn {
namespace cuda {

enum class Element : int { kF32 = 0, kF16 = 1, kBF16 = 2 };

constexpr size_t size_of(Element element) { return element == Element::kF32 ? 4 : 2; }

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_ELEMENT_H_
