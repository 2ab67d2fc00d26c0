import {
  type ConcatOptions,
  type DeviceTensor,
  type EmbeddingOptions,
  inferConcat,
  inferEmbedding,
  inferPermute,
  inferReshape,
  inferSlice,
  inferUpsampleNearest2d,
  type PermuteOptions,
  type ReshapeOptions,
  type SliceOptions,
  type UpsampleNearest2dOptions,
} from "@paroattn/backend";
import { elementCount } from "@paroattn/tensor";
import { CudaTensor } from "../handles.js";
import type { Issuer } from "../issuer.js";
import { checkRank } from "./limits.js";
import { notOnCuda } from "./missing.js";

export function embedding(issuer: Issuer, options: EmbeddingOptions): DeviceTensor {
  inferEmbedding(options);
  return notOnCuda(issuer, "embedding");
}

export function permute(issuer: Issuer, options: PermuteOptions): DeviceTensor {
  const { input, axes } = options;
  const shape = inferPermute(options);
  checkRank("permute", shape.length);
  const claim = issuer.arguments("permute");
  const output = issuer.native.permute(issuer.view, {
    input: claim.tensor("input", input),
    shape: input.shape,
    axes,
  });
  return issuer.tensor(shape, input.dtype, output);
}

/** No command: a second handle on the same memory, which both may outlive. */
export function reshape(issuer: Issuer, options: ReshapeOptions): DeviceTensor {
  const { input } = options;
  const shape = inferReshape(options);
  const handle = issuer.arguments("reshape").handle("input", input);
  const shared = issuer.native.share(handle);
  return issuer.scope.own(new CudaTensor(issuer.root, shared, { dtype: input.dtype, shape }));
}

export function concat(issuer: Issuer, options: ConcatOptions): DeviceTensor {
  const { inputs, axis } = options;
  const shape = inferConcat(options);
  const claim = issuer.arguments("concat");
  const output = issuer.native.concat(issuer.view, {
    inputs: inputs.map((input, index) => claim.tensor(`inputs[${index}]`, input)),
    outer: elementCount(shape.slice(0, axis)),
    inner: inputs.map((input) => elementCount(input.shape.slice(axis))),
  });
  return issuer.tensor(shape, inputs[0]!.dtype, output);
}

export function slice(issuer: Issuer, options: SliceOptions): DeviceTensor {
  const { input, axis, start, end } = options;
  const shape = inferSlice(options);
  const claim = issuer.arguments("slice");
  const below = elementCount(shape.slice(axis + 1));
  const output = issuer.native.slice(issuer.view, {
    input: claim.tensor("input", input),
    outer: elementCount(shape.slice(0, axis)),
    inner: elementCount(input.shape.slice(axis)),
    start: start * below,
    end: end * below,
  });
  return issuer.tensor(shape, input.dtype, output);
}

export function upsampleNearest2d(issuer: Issuer, options: UpsampleNearest2dOptions): DeviceTensor {
  inferUpsampleNearest2d(options);
  return notOnCuda(issuer, "upsampleNearest2d");
}
