import type { Activation, Backend, DeviceTensor, LinearOptions } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";

/** A layer's call: the backend view that makes the result, and the layer's own weights. */
export interface LayerCall {
  readonly backend: Backend;
  /** The layer's weights: `weight` and, if it has one, `bias`. */
  readonly weights: Weights;
  readonly input: DeviceTensor;
}

/** PyTorch's `nn.Linear`; then an activation, a factor for each batch row and channel, and what is added to it. */
export function linear(
  call: LayerCall & Pick<LinearOptions, "activation" | "gate" | "residual">,
): DeviceTensor {
  const { backend, weights, ...options } = call;
  return backend.linear({ ...options, ...affine(weights) });
}

/** PyTorch's `nn.Conv2d` with as many zeros around as keep the size (stride 1), or with none. */
export function conv2d(
  call: LayerCall & { readonly padding?: number; readonly stride?: number },
): DeviceTensor {
  const { backend, input, padding = 0, stride = 1 } = call;
  return backend.conv2d({
    input,
    ...affine(call.weights),
    stride,
    padding: [padding, padding, padding, padding],
  });
}

/** PyTorch's `nn.Conv3d` with as many zeros on each side of rows and columns; none before or after the frames. */
export function conv3d(call: LayerCall & { readonly padding?: number }): DeviceTensor {
  const { backend, input, padding = 0 } = call;
  return backend.conv3d({
    input,
    ...affine(call.weights),
    padding: [0, 0, padding, padding, padding, padding],
  });
}

/** PyTorch's `nn.GroupNorm`, with an activation on its result. */
export function groupNorm(
  call: LayerCall & {
    readonly groups: number;
    readonly epsilon: number;
    readonly activation?: Activation;
  },
): DeviceTensor {
  const { backend, input, groups, epsilon, activation } = call;
  const optional = activation && { activation };
  return backend.groupNorm({ input, groups, epsilon, ...affine(call.weights), ...optional });
}

/** `weight` and, if there is one, `bias`, as an operator takes them. */
export function affine(weights: Weights): { weight: DeviceTensor; bias?: DeviceTensor } {
  return {
    weight: weights.get("weight"),
    ...(weights.has("bias") && { bias: weights.get("bias") }),
  };
}
