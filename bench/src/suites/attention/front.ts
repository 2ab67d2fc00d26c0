import type { BackendScope, PrepareAttentionOptions } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { attentionProblem, sizeName, uploadAttention } from "./problem.js";
import { randomPlan } from "./random-plan.js";
import { SIZES } from "./sizes.js";

/** The row of the same bytes, copied by a command of the same stream into memory of the same pool. */
const COPY = "copy by a command";
const inStream = (name: string) => `${name}, in the stream`;

/**
 * The fused front, from packing alone to all it can do, beside a copy of queries, keys and values: both timed from
 * JavaScript, and both in the command stream.
 */
export function frontCases({ threads }: SuiteContext): BenchCase[] {
  const sizes = SIZES.filter(({ tokens, headDim }) => tokens >= 4096 && headDim === 64);
  return sizes.map((size) => ({
    name: `front ${sizeName(size)}`,
    rounds: 31,
    seconds: size.tokens * 4e-6,
    async open() {
      const { tokens, heads, headDim } = size;
      const backend = createCpuBackend({ threads });
      const tensors = uploadAttention(backend, attentionProblem(size));
      const filled = (shape: readonly number[], value: number) =>
        backend.upload({
          dtype: "f32",
          shape,
          data: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
        });
      const weight = filled([headDim], 1);
      const half = [tokens, headDim / 2];
      const { layout, orders } = randomPlan({ ...size, density: 1 });
      const reorder = { layout, orders };
      const norm = { kind: "rms", epsilon: 1e-6, queryWeight: weight, keyWeight: weight } as const;
      const rope = {
        cos: filled(half, 0.6),
        sin: filled(half, 0.8),
        pairing: "interleaved",
      } as const;
      const copied = 3 * tokens * heads * headDim * 4;
      const contender = (
        name: string,
        operator: "concat" | "prepareAttention",
        issue: (scope: BackendScope) => void,
      ) => {
        const info = (against: string) => ({
          bytes: 2 * copied,
          comparisons: name === COPY ? [] : [{ against, as: "cost" } as const],
        });
        return withoutOutput(
          ourContender({
            name,
            backend,
            info: info(COPY),
            parts: { [operator]: { name: inStream(name), info: info(inStream(COPY)) } },
            issue: (scope) => {
              issue(scope);
              return tensors.query;
            },
          }),
        );
      };
      const front = (
        name: string,
        options: Pick<PrepareAttentionOptions, "layout" | "orders" | "norm" | "rope"> = {},
      ) =>
        contender(name, "prepareAttention", (scope) => {
          scope.prepareAttention({ ...tensors, ...options, heads, headDim });
        });
      return {
        contenders: [
          contender(COPY, "concat", (scope) => {
            scope.concat({ inputs: Object.values(tensors), axis: 0 });
          }),
          front("pack"),
          front("reorder", reorder),
          front("norm", { norm }),
          front("rotary", { rope }),
          front("all of these", { ...reorder, norm, rope }),
        ],
        close() {
          backend.dispose();
        },
      };
    },
  }));
}
