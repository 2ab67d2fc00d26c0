#include <algorithm>

#include "issue.h"
#include "layout/embedding.h"
#include "layout/movement.h"
#include "operators/table.h"

namespace paroattn {
namespace {

Napi::Value issue_embedding(const View& view, const Arguments& arguments) {
  const size_t rows = arguments.size("rows");
  const size_t channels = arguments.size("channels");
  const size_t count = arguments.size("count");
  const WeightArgument table = arguments.weight("table", product({rows, channels}));
  const BufferPtr ids = arguments.buffer("ids", count);
  Issue issue(view, "embedding");
  issue.reads(table).reads(ids);
  const BufferPtr output = issue.makes(product({count, channels}));
  issue.runs([=](const Running&) {
    embedding(table.open(), rows, channels, static_cast<const int32_t*>(ids->data()), count, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_permute(const View& view, const Arguments& arguments) {
  const std::vector<size_t> shape = arguments.sizes("shape");
  const std::vector<size_t> axes = arguments.sizes("axes");
  std::vector<size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  bool fits = axes.size() == shape.size();
  for (size_t i = 0; fits && i < sorted.size(); ++i) fits = sorted[i] == i;
  if (!fits) arguments.fail("axes", "each axis once");
  const BufferPtr input = arguments.buffer("input", product(shape));
  Issue issue(view, "permute");
  issue.reads(input);
  const BufferPtr output = issue.makes(product(shape));
  issue.runs([=](const Running& running) { permute(input->floats(), shape, axes, running.cancelled, output->floats()); });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_concat(const View& view, const Arguments& arguments) {
  const size_t outer = arguments.size("outer");
  const std::vector<size_t> inner = arguments.sizes("inner");
  const std::vector<BufferPtr> inputs = arguments.buffers("inputs");
  if (inputs.size() != inner.size()) arguments.fail("inner", "one size for each input");
  size_t row = 0;
  Issue issue(view, "concat");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i]->bytes() != product({outer, inner[i], 4})) arguments.fail("inputs", "tensors of the sizes given");
    issue.reads(inputs[i]);
    row += inner[i];
  }
  const BufferPtr output = issue.makes(product({outer, row}));
  issue.runs([=](const Running& running) {
    std::vector<const float*> pointers;
    for (const BufferPtr& input : inputs) pointers.push_back(input->floats());
    concat(pointers, outer, inner, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_slice(const View& view, const Arguments& arguments) {
  const size_t outer = arguments.size("outer");
  const size_t inner = arguments.size("inner");
  const size_t start = arguments.size("start");
  const size_t end = arguments.size("end");
  if (start > end || end > inner) arguments.fail("start", "start <= end <= inner");
  const BufferPtr input = arguments.buffer("input", product({outer, inner}));
  Issue issue(view, "slice");
  issue.reads(input);
  const BufferPtr output = issue.makes(product({outer, end - start}));
  issue.runs([=](const Running& running) {
    slice(input->floats(), outer, inner, start, end, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_upsample(const View& view, const Arguments& arguments) {
  const size_t planes = arguments.size("planes");
  const size_t height = arguments.size("height");
  const size_t width = arguments.size("width");
  const size_t factor = arguments.size("factor");
  const BufferPtr input = arguments.buffer("input", product({planes, height, width}));
  Issue issue(view, "upsampleNearest2d");
  issue.reads(input);
  const BufferPtr output = issue.makes(product({planes, height, factor, width, factor}));
  issue.runs([=](const Running& running) {
    upsample_nearest(input->floats(), planes, height, width, factor, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> layout_operators() {
  return {{"embedding", issue_embedding},
          {"permute", issue_permute},
          {"concat", issue_concat},
          {"slice", issue_slice},
          {"upsampleNearest2d", issue_upsample}};
}

}  // namespace paroattn
