import {
  type AttentionOperands,
  type AttentionOptions,
  type AttentionResult,
  type BlockStatistics,
  type BlockStatisticsOptions,
  checkLiveKeys,
  type DeviceMask,
  inferAttention,
  inferBlockStatistics,
  inferMask,
  timingKey,
} from "@paroattn/backend";
import type { BlockMaskData } from "@paroattn/sparse-masks";
import type { Issuer } from "../issuer.js";
import { CpuMask, CpuOperands } from "./handles.js";

export function prepareMask(
  issuer: Issuer,
  mask: BlockMaskData | readonly BlockMaskData[],
): DeviceMask {
  const { root, view, scope, native } = issuer;
  scope.assertAlive("prepareMask");
  const resolved = inferMask(mask);
  const { batch, heads, queryBlocks, keyBlocks, masks } = resolved;
  const bits = concatenated(masks.map((one) => one.bits));
  const handle = native.prepareMask(view, { batch, heads, queryBlocks, keyBlocks, bits });
  return scope.own(new CpuMask(root, handle, resolved));
}

export function attention(issuer: Issuer, options: AttentionOptions): AttentionResult {
  const operator = "attention";
  const { bias, rowScale, residual, returnLogSumExp = false } = options;
  const shapes = inferAttention(options);
  const operands = claimOperands(issuer, operator, options.operands);
  const mask = options.mask && issuer.claim(CpuMask, options.mask, { operator, argument: "mask" });
  if (mask !== undefined) checkLiveKeys({ mask: mask.resolved, operands: operands.resolved });
  const claim = issuer.arguments(operator);
  const result = issuer.native.attention(issuer.view, {
    operands: operands.native,
    mask: mask?.native,
    bias: claim.optional("bias", bias),
    rowScale: claim.optional("rowScale", rowScale),
    residual: claim.optional("residual", residual),
    returnLogSumExp,
    label: timingKey(operator, operands.resolved.label),
  });
  const output = issuer.tensor(shapes.output, result.output, operands.dtype);
  if (result.logSumExp === undefined) return { output };
  return { output, logSumExp: issuer.tensor(shapes.logSumExp, result.logSumExp) };
}

export function blockStatistics(issuer: Issuer, options: BlockStatisticsOptions): BlockStatistics {
  const operator = "blockStatistics";
  const { logSumExp, epsilon } = options;
  const shape = inferBlockStatistics(options);
  const operands = claimOperands(issuer, operator, options.operands);
  const claim = issuer.arguments(operator);
  const { sum, maximum, smallCount } = issuer.native.blockStatistics(issuer.view, {
    operands: operands.native,
    logSumExp: claim.handle("logSumExp", logSumExp),
    epsilon,
  });
  return {
    sum: issuer.tensor(shape, sum),
    maximum: issuer.tensor(shape, maximum),
    smallCount: issuer.tensor(shape, smallCount),
  };
}

function claimOperands(issuer: Issuer, operator: string, operands: AttentionOperands): CpuOperands {
  return issuer.claim(CpuOperands, operands, { operator, argument: "operands" });
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
