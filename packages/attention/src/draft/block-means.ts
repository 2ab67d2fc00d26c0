import type { Backend, DeviceTensor } from "@paroattn/backend";
import {
  type AxisOrder,
  gatherIndices,
  partitionLayout,
  type TokenLayout,
} from "@paroattn/reorder";
import type { Tensor } from "@paroattn/tensor";

/** [visual blocks, tokens]: 1 / its tokens where a token of the sequence is in a block, as it is cut in an order. */
export function poolingMatrix(layout: TokenLayout, order: AxisOrder): Tensor<"f32"> {
  const { starts, tokens, visualBlocks } = partitionLayout(layout);
  const source = gatherIndices(layout, order);
  const rows = visualBlocks.end - visualBlocks.start;
  const data = new Float32Array(rows * tokens);
  for (let row = 0; row < rows; row++) {
    const [start, end] = [starts[visualBlocks.start + row]!, starts[visualBlocks.start + row + 1]!];
    for (let at = start; at < end; at++) data[row * tokens + source[at]!] = 1 / (end - start);
  }
  return { dtype: "f32", shape: [rows, tokens], data };
}

/** The mean of each block's tokens, [batch, channels, visual blocks], of [batch, tokens, channels]; as one matrix product. */
export function blockMeans(
  backend: Backend,
  input: DeviceTensor,
  pooling: DeviceTensor,
): DeviceTensor {
  using turned = backend.permute({ input, axes: [0, 2, 1] });
  return backend.linear({ input: turned, weight: pooling });
}
