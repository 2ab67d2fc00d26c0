#include "elementwise/strides.h"

#include <algorithm>

namespace paroattn {

std::vector<BroadcastAxis> broadcast_axes(const std::vector<size_t>& shape, const std::vector<size_t>& a_shape,
                                          const std::vector<size_t>& b_shape) {
  std::vector<BroadcastAxis> axes;  // fastest first, turned round at the end
  size_t a_step = 1;
  size_t b_step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1) {
      const BroadcastAxis axis = {shape[i], a_shape[i] == 1 ? 0 : a_step, b_shape[i] == 1 ? 0 : b_step};
      BroadcastAxis* inner = axes.empty() ? nullptr : &axes.back();
      if (inner != nullptr && axis.a_stride == inner->a_stride * inner->size &&
          axis.b_stride == inner->b_stride * inner->size) {
        inner->size *= axis.size;
      } else {
        axes.push_back(axis);
      }
    }
    a_step *= a_shape[i];
    b_step *= b_shape[i];
  }
  if (axes.empty()) axes.push_back({1, 1, 1});
  std::reverse(axes.begin(), axes.end());
  return axes;
}

}  // namespace paroattn
