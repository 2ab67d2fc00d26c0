import {
  type ActivateOptions,
  type AddGatedOptions,
  type BinaryOptions,
  type CombineOptions,
  type DeviceTensor,
  inferActivate,
  inferAddGated,
  inferBinary,
  inferCombine,
} from "@paroattn/backend";
import { elementCount, type Shape } from "@paroattn/tensor";
import type { Issuer } from "../issuer.js";
import { checkRank, checkTerms } from "./limits.js";

export function activate(issuer: Issuer, options: ActivateOptions): DeviceTensor {
  const { input, activation } = options;
  const shape = inferActivate(options);
  const claim = issuer.arguments("activate");
  const output = issuer.native.activate(issuer.view, {
    input: claim.tensor("input", input),
    count: elementCount(shape),
    activation,
  });
  return issuer.tensor(shape, input.dtype, output);
}

export function add(issuer: Issuer, options: BinaryOptions): DeviceTensor {
  return binary(issuer, "add", options);
}

export function multiply(issuer: Issuer, options: BinaryOptions): DeviceTensor {
  return binary(issuer, "multiply", options);
}

export function addGated(issuer: Issuer, options: AddGatedOptions): DeviceTensor {
  const { residual, value, gate } = options;
  const shape = inferAddGated(options);
  const claim = issuer.arguments("addGated");
  const [batch, tokens, channels] = shape as readonly [number, number, number];
  const output = issuer.native.addGated(issuer.view, {
    residual: claim.tensor("residual", residual),
    value: claim.tensor("value", value),
    gate: claim.tensor("gate", gate),
    batch,
    tokens,
    channels,
  });
  return issuer.tensor(shape, residual.dtype, output);
}

export function combine(issuer: Issuer, options: CombineOptions): DeviceTensor {
  const { terms } = options;
  const shape = inferCombine(options);
  checkTerms("combine", terms.length);
  const claim = issuer.arguments("combine");
  const output = issuer.native.combine(issuer.view, {
    inputs: terms.map(({ tensor }, index) => claim.tensor(`terms[${index}].tensor`, tensor)),
    factors: terms.map(({ factor }) => factor),
    count: elementCount(shape),
  });
  return issuer.tensor(shape, terms[0]!.tensor.dtype, output);
}

function binary(issuer: Issuer, operator: "add" | "multiply", options: BinaryOptions) {
  const { a, b } = options;
  const shape = inferBinary(operator, options);
  checkRank(operator, shape.length);
  const claim = issuer.arguments(operator);
  const output = issuer.native[operator](issuer.view, {
    a: claim.tensor("a", a),
    b: claim.tensor("b", b),
    shape,
    aShape: padded(a.shape, shape.length),
    bShape: padded(b.shape, shape.length),
  });
  return issuer.tensor(shape, a.dtype, output);
}

/** The shape with ones in front, up to the rank. */
function padded(shape: Shape, rank: number): Shape {
  return [...Array<number>(rank - shape.length).fill(1), ...shape];
}
