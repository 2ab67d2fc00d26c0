import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { FeedForwardOptions } from "../../operator-options.js";
import type { ConformanceCase, ConformanceContext } from "../case.js";
import { expectClose } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import {
  ACTIVATION_SLOPE,
  absolute,
  FUNCTION_ROUNDINGS,
  sumRoundoff,
  UNIT_ROUNDOFF,
} from "../tolerance.js";

interface FeedForwardSpec {
  readonly name: string;
  readonly batch: number;
  readonly tokens: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
  readonly activation: FeedForwardOptions["activation"];
  /** Weights and biases of each batch row. Default: the same for all. */
  readonly ofRows?: boolean;
  readonly bias?: boolean;
  readonly gate?: boolean;
  readonly residual?: boolean;
  readonly weightDtype?: "f32" | "f16" | "bf16";
}

const odd = { batch: 2, tokens: 21, inputs: 33, hidden: 78, outputs: 41 };
// Backends may treat many rows in another way.
const many = { batch: 2, tokens: 1031, inputs: 24, hidden: 70, outputs: 35 };

const SPECS: readonly FeedForwardSpec[] = [
  { ...odd, name: "odd sizes", activation: "relu" },
  ...(["f16", "bf16"] as const).map((weightDtype) => ({
    ...odd,
    name: `${weightDtype} weights`,
    activation: "silu" as const,
    weightDtype,
    bias: true,
  })),
  {
    ...odd,
    name: "bias, gelu, gate and residual",
    activation: "gelu",
    bias: true,
    gate: true,
    residual: true,
  },
  {
    ...odd,
    name: "weights of each batch row, geluTanh, gate",
    activation: "geluTanh",
    ofRows: true,
    bias: true,
    gate: true,
  },
  { ...odd, name: "softmax of all", activation: { softmaxGroups: 1 }, bias: true },
  { ...odd, name: "softmax of pairs", activation: { softmaxGroups: 39 }, residual: true },
  {
    ...many,
    name: "many rows, geluTanh, gate and residual",
    activation: "geluTanh",
    bias: true,
    gate: true,
    residual: true,
    weightDtype: "f16",
  },
  {
    ...many,
    name: "many rows, weights of each batch row, five softmaxes, residual",
    activation: { softmaxGroups: 5 },
    ofRows: true,
    bias: true,
    residual: true,
  },
  {
    name: "many rows, inputs and hidden channels",
    batch: 1,
    tokens: 1027,
    inputs: 410,
    hidden: 410,
    outputs: 30,
    activation: "silu",
    residual: true,
  },
];

export function feedForwardCases(): ConformanceCase[] {
  return SPECS.map((spec) => ({
    name: `feedForward: ${spec.name}`,
    operator: "feedForward",
    run: (context) => runSpec(context, spec),
  }));
}

type Tensors = Readonly<Record<"input" | "innerWeight" | "outerWeight", Tensor>> &
  Readonly<Record<"innerBias" | "outerBias" | "gate" | "residual", Tensor | undefined>>;

async function runSpec(context: ConformanceContext, spec: FeedForwardSpec): Promise<void> {
  const tensors = tensorsOf(context, spec);
  const { inputs, hidden, activation } = spec;
  const program = (backend: Backend) => ({ output: call(backend, tensors, activation) });
  const { actual, expected } = await runOnBoth(context, program);
  const magnitudes = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor && absolute(tensor)]),
  ) as unknown as Tensors;
  const { sum, logit } = await runProgram(context.reference, (backend) => ({
    // Of what is not negative, relu is the identity; softmax gives shares, which are as large as they are.
    sum:
      typeof activation === "string"
        ? call(backend, magnitudes, "relu")
        : call(backend, { ...magnitudes, ...only(tensors) }, activation),
    logit: backend.linear({
      input: backend.upload(magnitudes.input),
      weight: backend.upload(rows(magnitudes.innerWeight, inputs)),
    }),
  }));
  const offset = Math.max(0, ...(magnitudes.innerBias?.data ?? []));
  const largestLogit = (logit.data as Float32Array).reduce((a, b) => Math.max(a, b), 0) + offset;
  // An error of a logit is a relative error of its share, and of the sum that it is divided by.
  const ofInner =
    typeof activation === "string"
      ? ACTIVATION_SLOPE * sumRoundoff(inputs)
      : 2 * sumRoundoff(inputs) * largestLogit;
  const relative = ofInner + FUNCTION_ROUNDINGS * UNIT_ROUNDOFF + sumRoundoff(hidden + 2);
  expectClose({
    what: "output",
    actual: actual.output,
    expected: expected.output,
    bound: (index) => relative * sum.data[index]!,
  });
}

/** What decides the shares of a softmax, with its signs. */
function only({ input, innerWeight, innerBias }: Tensors) {
  return { input, innerWeight, innerBias };
}

function tensorsOf(context: ConformanceContext, spec: FeedForwardSpec): Tensors {
  const { batch, tokens, inputs, hidden, outputs, weightDtype: dtype = "f32" } = spec;
  const random = new Random(context.seed, spec.name);
  const front = spec.ofRows ? [batch] : [];
  const weight = (to: number, from: number) =>
    random.weight([...front, to, from], { dtype, deviation: 1 / Math.sqrt(from) });
  const bias = (to: number) => (spec.bias ? random.weight([...front, to], { dtype }) : undefined);
  return {
    input: random.tensor([batch, tokens, inputs]),
    innerWeight: weight(hidden, inputs),
    innerBias: bias(hidden),
    outerWeight: weight(outputs, hidden),
    outerBias: bias(outputs),
    gate: spec.gate ? random.tensor([batch, outputs]) : undefined,
    residual: spec.residual ? random.tensor([batch, tokens, outputs]) : undefined,
  };
}

function call(backend: Backend, tensors: Tensors, activation: FeedForwardOptions["activation"]) {
  const layer = (weight: Tensor, bias: Tensor | undefined) => ({
    weight: backend.upload(weight),
    ...(bias && { bias: backend.upload(bias) }),
  });
  return backend.feedForward({
    input: backend.upload(tensors.input),
    inner: layer(tensors.innerWeight, tensors.innerBias),
    activation,
    outer: layer(tensors.outerWeight, tensors.outerBias),
    ...(tensors.gate && { gate: backend.upload(tensors.gate) }),
    ...(tensors.residual && { residual: backend.upload(tensors.residual) }),
  });
}

/** The weights of all batch rows below one another. */
function rows(weight: Tensor, inputs: number): Tensor {
  const count = weight.shape.reduce((product, size) => product * size, 1) / inputs;
  return { ...weight, shape: [count, inputs] };
}
