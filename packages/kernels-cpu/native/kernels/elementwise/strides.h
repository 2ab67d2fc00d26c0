// Broadcasting as loops over strides, with neighbouring axes merged where both operands walk on evenly.
#ifndef PAROATTN_ELEMENTWISE_STRIDES_H_
#define PAROATTN_ELEMENTWISE_STRIDES_H_

#include <cstddef>
#include <vector>

namespace paroattn {

// One axis of the output. A stride of 0 repeats.
struct BroadcastAxis {
  size_t size;
  size_t a_stride;
  size_t b_stride;
};

// Slowest axis first; never empty. Axes of size 1 are gone.
std::vector<BroadcastAxis> broadcast_axes(const std::vector<size_t>& shape, const std::vector<size_t>& a_shape,
                                          const std::vector<size_t>& b_shape);

}  // namespace paroattn

#endif  // PAROATTN_ELEMENTWISE_STRIDES_H_
