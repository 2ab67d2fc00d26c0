#include <algorithm>
#include <dnnl.hpp>
#include <memory>

#include "limits.h"

Work matmul_of(size_t rows, size_t inputs, size_t outputs) {
  using dnnl::memory;
  const auto m = static_cast<memory::dim>(rows), k = static_cast<memory::dim>(inputs),
             n = static_cast<memory::dim>(outputs);
  struct State {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    memory source, weight, target;
    dnnl::matmul primitive;
  };
  const auto state = std::make_shared<State>();
  const auto any = [](memory::dim height, memory::dim width) {
    return memory::desc({height, width}, memory::data_type::f32, memory::format_tag::any);
  };
  const dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(any(m, k), any(k, n), any(m, n)), state->engine);
  const auto filled = [&](const memory::desc& shape, float value) {
    memory made(shape, state->engine);
    std::fill_n(static_cast<float*>(made.get_data_handle()), shape.get_size() / sizeof(float), value);
    return made;
  };
  state->source = filled(desc.src_desc(), 0.5f);
  state->weight = filled(desc.weights_desc(), 0.25f);
  state->target = filled(desc.dst_desc(), 0.0f);
  state->primitive = dnnl::matmul(desc);
  return [state, operations = 2.0 * static_cast<double>(rows * inputs * outputs)] {
    state->primitive.execute(
        state->stream,
        {{DNNL_ARG_SRC, state->source}, {DNNL_ARG_WEIGHTS, state->weight}, {DNNL_ARG_DST, state->target}});
    state->stream.wait();
    return operations;
  };
}
