import type { BlockMaskData } from "@paroattn/sparse-masks";
import type { Shape, Tensor } from "@paroattn/tensor";
import type {
  Arithmetic,
  AttentionOperands,
  AttentionOptions,
  AttentionPrecision,
  AttentionResult,
  BlockStatistics,
  BlockStatisticsOptions,
  DeviceMask,
  PrepareAttentionOptions,
} from "../attention-types.js";
import { UnsupportedError } from "../errors.js";
import { inferAttention } from "../operators/attention.js";
import { inferBlockStatistics } from "../operators/block-statistics.js";
import { checkLiveKeys } from "../operators/live-keys.js";
import { inferMask } from "../operators/mask.js";
import { resolvePrecision } from "../operators/precision.js";
import { inferPrepareAttention } from "../operators/prepare-attention.js";
import { attention } from "./attention.js";
import { blockStatistics } from "./block-statistics.js";
import { ReferenceMask, ReferenceOperands, ReferenceTensor } from "./handles.js";
import { prepareAttention } from "./prepare-attention.js";
import { rounded } from "./round.js";
import { TensorOperators } from "./tensor-operators.js";

/** What operands are rounded to or coded in; 8-bit floats are not defined here yet. */
const PRECISIONS: readonly string[] = ["f32", "f16", "bf16", "int8", "int4"];

/** The operators around attention: check, then queue. */
export class AttentionOperators extends TensorOperators {
  arithmetic(precision: AttentionPrecision): Arithmetic {
    const { qk, pv } = resolvePrecision(precision);
    for (const type of [qk, pv]) {
      if (!PRECISIONS.includes(type)) {
        throw new UnsupportedError({ backend: "reference", feature: `${type} attention` });
      }
    }
    return qk === "f32" && pv === "f32" ? "native" : "simulated";
  }

  prepareAttention(options: PrepareAttentionOptions): AttentionOperands {
    const operator = "prepareAttention";
    const resolved = inferPrepareAttention(options);
    this.arithmetic(resolved.precision);
    const { query, key, value, norm, rope } = options;
    const inputs = this.queue.claimTensors(operator, {
      query,
      key,
      value,
      queryWeight: norm?.queryWeight,
      keyWeight: norm?.keyWeight,
      queryBias: norm?.queryBias,
      keyBias: norm?.keyBias,
      cos: rope?.cos,
      sin: rope?.sin,
    });
    const operands = new ReferenceOperands(this.queue.stream, resolved);
    this.queue.submit({
      operator,
      label: resolved.label,
      inputs,
      outputs: { operands },
      run: (values) => ({ operands: prepareAttention({ inputs: values, resolved, norm, rope }) }),
    });
    return operands;
  }

  attention(options: AttentionOptions): AttentionResult {
    const operator = "attention";
    const { bias, rowScale, residual, returnLogSumExp = false } = options;
    const shapes = inferAttention(options);
    const operands = this.queue.claim(ReferenceOperands, options.operands, {
      operator,
      argument: "operands",
    });
    const mask =
      options.mask && this.queue.claim(ReferenceMask, options.mask, { operator, argument: "mask" });
    const { resolved } = operands;
    if (mask !== undefined) checkLiveKeys({ mask: mask.resolved, operands: resolved });
    const { dtype } = resolved;
    const output = new ReferenceTensor(this.queue.stream, { dtype, shape: shapes.output });
    const logSumExp = this.#tensor(shapes.logSumExp);
    this.queue.submit({
      operator,
      label: resolved.label,
      inputs: {
        operands,
        mask,
        ...this.queue.claimTensors(operator, { bias, rowScale, residual }),
      },
      outputs: { output, logSumExp },
      run: async (values, pause) => {
        const results = await attention({ ...values, resolved, pause });
        return {
          output: rounded(results.output, { shape: shapes.output, dtype }),
          logSumExp: f32(shapes.logSumExp, results.logSumExp),
        };
      },
    });
    if (returnLogSumExp) return { output, logSumExp };
    logSumExp.dispose();
    return { output };
  }

  prepareMask(mask: BlockMaskData | readonly BlockMaskData[]): DeviceMask {
    this.queue.scope.assertAlive("prepareMask");
    return this.queue.scope.own(new ReferenceMask(this.queue.stream, inferMask(mask)));
  }

  blockStatistics(options: BlockStatisticsOptions): BlockStatistics {
    const operator = "blockStatistics";
    const { epsilon } = options;
    const shape = inferBlockStatistics(options);
    const operands = this.queue.claim(ReferenceOperands, options.operands, {
      operator,
      argument: "operands",
    });
    const { resolved } = operands;
    const sum = this.#tensor(shape);
    const maximum = this.#tensor(shape);
    const smallCount = this.#tensor(shape);
    this.queue.submit({
      operator,
      inputs: { operands, ...this.queue.claimTensors(operator, { logSumExp: options.logSumExp }) },
      outputs: { sum, maximum, smallCount },
      run: async (values, pause) => {
        const results = await blockStatistics({ ...values, resolved, epsilon, pause });
        return {
          sum: f32(shape, results.sum),
          maximum: f32(shape, results.maximum),
          smallCount: f32(shape, results.smallCount),
        };
      },
    });
    return { sum, maximum, smallCount };
  }

  #tensor(shape: Shape): ReferenceTensor {
    return new ReferenceTensor(this.queue.stream, { dtype: "f32", shape });
  }
}

function f32(shape: Shape, data: Float32Array): Tensor {
  return { dtype: "f32", shape, data };
}
