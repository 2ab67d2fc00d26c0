import type { Backend, DeviceTensor } from "@paroattn/backend";
import { randomFloats } from "../../measure/random.js";
import { type Inputs, inputShapes, type Operation } from "../../peers/operation.js";

/** Weights of products shrink with their inputs, so that results are of ordinary size. */
export function inputsOf(operation: Operation): Inputs {
  return Object.fromEntries(
    Object.entries(inputShapes(operation)).map(([name, shape], index) => {
      const length = shape.reduce((a, b) => a * b);
      const factor = shape.length > 1 && name === "weight" ? (shape[0]! / length) ** 0.5 : 1;
      return [name, randomFloats(length, index + 1, factor)];
    }),
  );
}

/** As our operators take them: `scale` instead of the factor 1 + scale, with a batch axis. */
export function uploadInputs(
  backend: Backend,
  operation: Operation,
  inputs: Inputs,
): Record<string, DeviceTensor> {
  const upload = (shape: readonly number[], data: Float32Array) =>
    backend.upload({ dtype: "f32", shape, data });
  const tensors = Object.fromEntries(
    Object.entries(inputShapes(operation)).map(([name, shape]) => [
      name,
      upload(name === "shift" ? [1, ...shape] : shape, inputs[name]!),
    ]),
  );
  const { factor } = inputs;
  if (factor === undefined) return tensors;
  const scale = upload(
    [1, factor.length],
    factor.map((value) => value - 1),
  );
  return { ...tensors, scale };
}
