import { imageLayout } from "@paroattn/reorder";
import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import { attentionBounds } from "../attention/bounds.js";
import { type AttentionInputs, attend, makeInputs, prepare } from "../attention/inputs.js";
import { complement } from "../attention/random-mask.js";
import type { AttentionSpec } from "../attention/spec.js";
import type { ConformanceCase, ConformanceContext } from "../case.js";
import { expectClose } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { runProgram } from "../run-on-both.js";
import { halfUnit } from "../tolerance.js";

const layout = imageLayout({ height: 10, width: 13, textTokens: 9 });

/** What must hold on a backend by itself, whatever the reference says. */
export function attentionIdentityCases(settings: ConformanceSettings): ConformanceCase[] {
  const identity = identityOf(settings);
  const plain = plainOf(settings);
  return [
    identity("an all-ones mask equals no mask", plain("full"), async (backend, inputs) => [
      await runProgram(backend, (scope) => attend(scope, inputs)),
      await runProgram(backend, (scope) => attend(scope, { ...inputs, masks: undefined })),
    ]),
    identity(
      "orders change nothing",
      { ...plain(), layout, orders: ["WH", "HW"] },
      async (backend, inputs) => {
        const { orders: _, ...unordered } = inputs.spec;
        return [
          await runProgram(backend, (scope) => attend(scope, inputs)),
          await runProgram(backend, (scope) => attend(scope, { ...inputs, spec: unordered })),
        ];
      },
    ),
    identity("operands serve many calls", plain(), async (backend, inputs) => {
      const results = await runProgram(backend, (scope) => {
        const operands = prepare(scope, inputs);
        const first = scope.attention({ operands, returnLogSumExp: true });
        const second = scope.attention({ operands, returnLogSumExp: true });
        return { a: first.output, b: second.output, c: first.logSumExp!, d: second.logSumExp! };
      });
      return [
        { output: results.a, logSumExp: results.c },
        { output: results.b, logSumExp: results.d },
      ];
    }),
    identity(
      "a mask and its complement merge by log-sum-exp",
      { ...plain(), mask: { kind: "one" }, queryTokens: 300 },
      async (backend, inputs) => [
        await mergeHalves(backend, inputs),
        await runProgram(backend, (scope) => attend(scope, { ...inputs, masks: undefined })),
      ],
    ),
  ];
}

function plainOf({ anyHeadDim }: ConformanceSettings): (mask?: "full") => AttentionSpec {
  return (mask) => ({
    name: "identity",
    batch: 2,
    heads: 2,
    headDim: anyHeadDim,
    ...(mask ? { mask: { kind: mask }, queryTokens: 150 } : { queryTokens: layoutTokens }),
  });
}

const layoutTokens = 139;

interface Result {
  readonly output: Tensor;
  readonly logSumExp: Tensor;
}

/**
 * Two ways to one result: each may be off by the bound and is rounded to its dtype once. A result that is merged is
 * rounded as a part, as a residual and as the whole.
 */
function identityOf(settings: ConformanceSettings) {
  return (
    name: string,
    spec: AttentionSpec,
    twice: (backend: Backend, inputs: AttentionInputs) => Promise<readonly [Result, Result]>,
  ): ConformanceCase => ({
    name: `attention: ${name}`,
    operator: "attention",
    uses: ["prepareAttention", "attention", ...(spec.mask ? (["prepareMask"] as const) : [])],
    headDim: spec.headDim,
    run: async ({ backend, reference, seed }: ConformanceContext) => {
      const inputs = makeInputs({ ...spec, name }, { ...settings, seed });
      const [actual, expected] = await twice(backend, inputs);
      const bounds = await attentionBounds(inputs, reference);
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => {
          const bound = bounds.output(index);
          return 2 * bound + 4 * halfUnit(settings.dtype, bounds.magnitude(index) + bound);
        },
      });
      expectClose({
        what: "logSumExp",
        actual: actual.logSumExp,
        expected: expected.logSumExp,
        bound: (index, value) => 2 * bounds.logSumExp(index, value),
      });
    },
  });
}

/**
 * Attention over the masked blocks, then over the others with the first result as the residual:
 * whole = w1 * first + w2 * second with w = exp(logSumExp - whole logSumExp).
 */
async function mergeHalves(backend: Backend, inputs: AttentionInputs): Promise<Result> {
  const first = await runProgram(backend, (scope) => attend(scope, inputs));
  const others = inputs.masks!.map(complement);
  const second = await runProgram(backend, (scope) => attend(scope, { ...inputs, masks: others }));
  const { spec, queryTokens } = inputs;
  const channels = spec.heads * spec.headDim;
  const total = first.logSumExp.data.map((a, i) => logAdd(a, second.logSumExp.data[i]!));
  const firstOutput = toFloat32(first.output);
  const weight = (part: Tensor) =>
    Float32Array.from(part.data, (value, i) => Math.exp(value - total[i]!));
  const weightOfFirst = weight(first.logSumExp);
  const residual = firstOutput.map((value, i) => {
    const row = Math.floor(i / channels);
    const head = Math.floor((i % channels) / spec.headDim);
    const at = (Math.floor(row / queryTokens) * spec.heads + head) * queryTokens;
    return weightOfFirst[at + (row % queryTokens)]! * value;
  });
  const merged = await runProgram(backend, (scope) => ({
    output: attend(scope, {
      ...inputs,
      masks: others,
      rowScale: { dtype: "f32", shape: first.logSumExp.shape, data: weight(second.logSumExp) },
      residual: { dtype: "f32", shape: first.output.shape, data: residual },
    }).output,
  }));
  const logSumExp = { ...first.logSumExp, data: Float32Array.from(total) };
  return { output: merged.output, logSumExp };
}

/** log(exp(a) + exp(b)) */
function logAdd(a: number, b: number): number {
  const [most, least] = a > b ? [a, b] : [b, a];
  return most + Math.log1p(Math.exp(least - most));
}
