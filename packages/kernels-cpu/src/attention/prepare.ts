import {
  type AttentionOperands,
  inferPrepareAttention,
  type PrepareAttentionOptions,
  timingKey,
} from "@paroattn/backend";
import type { Issuer } from "../issuer.js";
import type { NativeFloat } from "../native.js";
import { productsOf } from "./arithmetic.js";
import { CpuOperands } from "./handles.js";

const operator = "prepareAttention";

/** Of projections. */
const TYPES: readonly NativeFloat[] = ["f32", "bf16"];

/** The fused front: checks, then hands everything to one native command. */
export function prepareAttention(
  issuer: Issuer,
  options: PrepareAttentionOptions,
): AttentionOperands {
  const { query, key, value, norm, rope } = options;
  const resolved = inferPrepareAttention(options);
  const products = productsOf(resolved.precision);
  const { root, view, scope, native } = issuer;
  const claim = issuer.arguments(operator);
  const { layout, orders } = resolved;
  const choice = layout && orders && root.tokenOrders.choose(view, layout, orders);
  const handle = native.prepareAttention(view, {
    query: claim.activation("query", query, TYPES),
    key: claim.activation("key", key, TYPES),
    value: claim.activation("value", value, TYPES),
    type: resolved.dtype as NativeFloat,
    batch: resolved.batch,
    queryTokens: resolved.queryTokens,
    keyTokens: resolved.keyTokens,
    heads: resolved.heads,
    keyValueHeads: resolved.keyValueHeads,
    headDim: resolved.headDim,
    scale: resolved.scale,
    queryStarts: resolved.queryPartition.starts,
    keyStarts: resolved.keyPartition.starts,
    orders: choice?.orders,
    orderChoice: choice?.orderChoice,
    norm: norm?.kind,
    epsilon: norm?.epsilon,
    queryWeight: claim.optional("norm.queryWeight", norm?.queryWeight),
    keyWeight: claim.optional("norm.keyWeight", norm?.keyWeight),
    queryBias: claim.optional("norm.queryBias", norm?.queryBias),
    keyBias: claim.optional("norm.keyBias", norm?.keyBias),
    pairing: rope?.pairing,
    cos: claim.optional("rope.cos", rope?.cos),
    sin: claim.optional("rope.sin", rope?.sin),
    keyLengths: resolved.keyLengths && Uint32Array.from(resolved.keyLengths),
    ...products,
    label: timingKey(operator, resolved.label),
  });
  return scope.own(new CpuOperands(root, handle, resolved));
}
