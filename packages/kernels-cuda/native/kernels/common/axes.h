// How many axes the operators on tensors of any rank take. Neighbours that can be merged count as several all the same.
#ifndef PAROATTN_CUDA_COMMON_AXES_H_
#define PAROATTN_CUDA_COMMON_AXES_H_

namespace paroattn {
namespace cuda {

constexpr int kMaxAxes = 8;

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_AXES_H_
