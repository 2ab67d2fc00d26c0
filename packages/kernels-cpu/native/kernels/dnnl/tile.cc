#include "dnnl/tile.h"

#include <omp.h>

namespace paroattn {
namespace {

using dnnl::memory;

memory::dim dim(size_t size) { return static_cast<memory::dim>(size); }

// oneDNN plans a primitive for as many threads as the one that makes it may use.
class OneThread {
 public:
  OneThread() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_;
};

}  // namespace

memory::desc plain_weight_of_tile(const TileShape& shape) {
  return memory::desc({dim(shape.inputs), dim(shape.columns)}, memory::data_type::f32, memory::format_tag::ba);
}

dnnl::matmul::primitive_desc describe_tile(const DnnlContext& context, const TileShape& shape,
                                           const memory::desc& weight) {
  const OneThread one_thread;
  const auto f32 = memory::data_type::f32;
  const memory::desc source({dim(shape.rows), dim(shape.inputs)}, f32, memory::format_tag::ab);
  const memory::desc bias({1, dim(shape.columns)}, f32, memory::format_tag::ab);
  const memory::desc target({dim(shape.rows), dim(shape.columns)}, f32, {dim(shape.stride), 1});
  const dnnl::matmul::desc operation = shape.bias ? dnnl::matmul::desc(source, weight, bias, target)
                                                  : dnnl::matmul::desc(source, weight, target);
  dnnl::primitive_attr attributes;
  // Several threads run the primitive at once, each with a scratchpad of its own.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return dnnl::matmul::primitive_desc(operation, attributes, context.engine());
}

}  // namespace paroattn
