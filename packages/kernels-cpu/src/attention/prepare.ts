import {
  type AttentionOperands,
  inferPrepareAttention,
  type PrepareAttentionOptions,
  timingKey,
} from "@paroattn/backend";
import type { Issuer } from "../issuer.js";
import { quantizationOf } from "./arithmetic.js";
import { CpuOperands } from "./handles.js";

const operator = "prepareAttention";

/** The fused front: checks, then hands everything to one native command. */
export function prepareAttention(
  issuer: Issuer,
  options: PrepareAttentionOptions,
): AttentionOperands {
  const { query, key, value, norm, rope } = options;
  const resolved = inferPrepareAttention(options);
  const quantization = quantizationOf(resolved.precision);
  const { root, view, scope, native } = issuer;
  const claim = issuer.arguments(operator);
  const { layout, orders } = resolved;
  const choice = layout && orders && root.tokenOrders.choose(view, layout, orders);
  const handle = native.prepareAttention(view, {
    query: claim.activation("query", query),
    key: claim.activation("key", key),
    value: claim.activation("value", value),
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
    ...quantization,
    label: timingKey(operator, resolved.label),
  });
  return scope.own(new CpuOperands(root, handle, resolved));
}
