import {
  type AttentionOperands,
  type AttentionPrecision,
  inferPrepareAttention,
  type PrepareAttentionOptions,
  type ResolvedPrepareAttention,
  resolvePrecision,
  timingKey,
  UnsupportedError,
} from "@paroattn/backend";
import type { Issuer } from "../issuer.js";
import type { NativeHandle } from "../native.js";
import { CudaOperands } from "./handles.js";

const operator = "prepareAttention";
const backend = "cuda";
const HEAD_DIMS: readonly number[] = [64, 72, 96, 128];

/** The fused front: checks, then hands everything to one native command. */
export function prepareAttention(
  issuer: Issuer,
  options: PrepareAttentionOptions,
): AttentionOperands {
  const { query, key, value, norm, rope } = options;
  const resolved = inferPrepareAttention(options);
  const precision = supportedPrecision(resolved.precision);
  checkHeadDim(resolved);
  const { root, view, scope, native } = issuer;
  const claim = issuer.arguments(operator);
  const handle = native.prepareAttention(view, {
    query: claim.tensor("query", query),
    key: claim.tensor("key", key),
    value: claim.tensor("value", value),
    precision,
    batch: resolved.batch,
    queryTokens: resolved.queryTokens,
    keyTokens: resolved.keyTokens,
    heads: resolved.heads,
    keyValueHeads: resolved.keyValueHeads,
    headDim: resolved.headDim,
    scale: resolved.scale,
    ...rowsOf(issuer, resolved),
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
    label: timingKey(operator, resolved.label),
  });
  return scope.own(new CudaOperands(root, handle, resolved));
}

function rowsOf(
  { root: { rowTables }, view }: Issuer,
  { layout, orders, queryTokens, keyTokens }: ResolvedPrepareAttention,
): { queryRows: NativeHandle; keyRows: NativeHandle; orderChoice: NativeHandle | undefined } {
  if (layout === undefined) {
    return {
      queryRows: rowTables.ofTokens(view, queryTokens),
      keyRows: rowTables.ofTokens(view, keyTokens),
      orderChoice: undefined,
    };
  }
  const rows = rowTables.ofLayout(view, layout);
  const orderChoice = orders && rowTables.choice(view, layout, orders);
  return { queryRows: rows, keyRows: rows, orderChoice };
}

/** The type of both products. Throws an `UnsupportedError` that says which there are. */
export function supportedPrecision(precision: AttentionPrecision): "f16" | "bf16" {
  const { qk, pv } = resolvePrecision(precision);
  if ((qk === "f16" || qk === "bf16") && qk === pv) return qk;
  throw new UnsupportedError({
    backend,
    message: `${backend}: ${qk} attention with ${pv} values is not available yet, pass precision: { qk: "bf16", pv: "bf16" } or f16 for both`,
  });
}

function checkHeadDim({ headDim }: ResolvedPrepareAttention): void {
  if (HEAD_DIMS.includes(headDim)) return;
  throw new UnsupportedError({
    backend,
    message: `${backend}: attention with headDim ${headDim} is not available yet, only with ${HEAD_DIMS.join(", ")}`,
  });
}
