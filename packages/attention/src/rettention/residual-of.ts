import type { Backend, DeviceTensor } from "@paroattn/backend";
import { fromFloat32, type Tensor } from "@paroattn/tensor";
import type { AttentionSite } from "../strategy.js";

/**
 * all - ratio * kept, [batch, tokens, heads * headDim] as `all` and `kept`, with a ratio [batch, heads, tokens]; on the device.
 * What it takes in between is freed behind it.
 */
export function residualOf(
  { heads, headDim }: AttentionSite,
  backend: Backend,
  of: { readonly all: DeviceTensor; readonly kept: DeviceTensor; readonly ratio: Tensor<"f32"> },
): DeviceTensor {
  const { all, kept, ratio } = of;
  const { dtype, shape } = all;
  const [batch, tokens] = shape as [number, number, number];
  const ratios = backend.upload(fromFloat32({ ...ratio, dtype: dtype as "f32" | "f16" | "bf16" }));
  using byHeads = backend.reshape({ input: kept, shape: [batch, tokens, heads, headDim] });
  using scaled = backend.multiply({
    a: byHeads,
    b: backend.reshape({
      input: backend.permute({ input: ratios, axes: [0, 2, 1] }),
      shape: [batch, tokens, heads, 1],
    }),
  });
  using missed = backend.reshape({ input: scaled, shape });
  return backend.combine({
    terms: [
      { tensor: all, factor: 1 },
      { tensor: missed, factor: -1 },
    ],
  });
}
