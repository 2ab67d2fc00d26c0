import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { DeviceTensor, FloatDType } from "../../device-tensor.js";
import { uploadAs } from "../activations.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { Random } from "../random.js";
import { runOnBoth } from "../run-on-both.js";

type Make = (shape: readonly number[], options?: { readonly poisoned: boolean }) => DeviceTensor;

type Program = (backend: Backend, make: Make) => DeviceTensor;

/** Each program uses one tensor that holds a NaN. */
const PLAIN_PROGRAMS: Readonly<Record<string, Program>> = {
  linear: (backend, make) =>
    backend.linear({ input: make([5, 40], { poisoned: true }), weight: make([33, 40]) }),
  "linear, in the weight": (backend, make) =>
    backend.linear({ input: make([5, 40]), weight: make([33, 40], { poisoned: true }) }),
  "linear with relu": (backend, make) =>
    backend.linear({
      input: make([5, 40], { poisoned: true }),
      weight: make([33, 40]),
      activation: "relu",
    }),
  feedForward: (backend, make) =>
    backend.feedForward({
      input: make([1, 5, 40], { poisoned: true }),
      inner: { weight: make([33, 40]) },
      activation: { softmaxGroups: 3 },
      outer: { weight: make([7, 33]) },
    }),
  conv2d: (backend, make) =>
    backend.conv2d({
      input: make([1, 3, 8, 9], { poisoned: true }),
      weight: make([4, 3, 3, 3]),
      padding: [1, 1, 1, 1],
    }),
  conv3d: (backend, make) =>
    backend.conv3d({
      input: make([1, 3, 3, 4, 5], { poisoned: true }),
      weight: make([4, 3, 3, 3, 3]),
      padding: [2, 0, 1, 1, 1, 1],
    }),
  layerNorm: (backend, make) =>
    backend.layerNorm({ input: make([2, 40], { poisoned: true }), epsilon: 1e-6 }),
  rmsNorm: (backend, make) =>
    backend.rmsNorm({ input: make([2, 40], { poisoned: true }), epsilon: 1e-6 }),
  groupNorm: (backend, make) =>
    backend.groupNorm({ input: make([2, 8, 5], { poisoned: true }), groups: 2, epsilon: 1e-6 }),
  ...Object.fromEntries(
    (["silu", "gelu", "geluTanh", "relu"] as const).map((activation) => [
      `activate, ${activation}`,
      (backend: Backend, make: Make) =>
        backend.activate({ input: make([40], { poisoned: true }), activation }),
    ]),
  ),
};

function programs(settings: ConformanceSettings): Readonly<Record<string, Program>> {
  const sides = ["query", "key", "value"] as const;
  const attentions = sides.map((side) => [`attention, in a ${side}`, attending(side, settings)]);
  return { ...PLAIN_PROGRAMS, ...Object.fromEntries(attentions) };
}

function attending(poisoned: string, { anyHeadDim, precision }: ConformanceSettings): Program {
  return (backend, make) => {
    const side = (name: string) => make([1, 70, 2 * anyHeadDim], { poisoned: name === poisoned });
    const operands = backend.prepareAttention({
      query: side("query"),
      key: side("key"),
      value: side("value"),
      heads: 2,
      headDim: anyHeadDim,
      ...precision,
    });
    return backend.attention({ operands }).output;
  };
}

/** A NaN is passed on to where it belongs, so that a broken weight shows in the picture's numbers and is not hidden. */
export function specialValueCases(settings: ConformanceSettings): ConformanceCase[] {
  return Object.entries(programs(settings)).map(([name, program]) => ({
    name: `NaN: ${name}`,
    operator: name.split(/[, ]/)[0]!,
    ...(name.startsWith("attention") && { uses: ["prepareAttention", "attention"] as const }),
    run: async (context) => {
      const run = (backend: Backend, dtype: FloatDType) => {
        const random = new Random(context.seed, name);
        const make: Make = (shape, options) => {
          const tensor = random.tensor(shape);
          if (options?.poisoned) tensor.data[11] = Number.NaN;
          return uploadAs(backend, tensor, dtype);
        };
        return { output: program(backend, make) };
      };
      // These take f32 only.
      const dtype = /^(linear|feedForward|conv)/.test(name) ? "f32" : settings.dtype;
      const { actual, expected } = await runOnBoth(context, run, dtype);
      const [found, wanted] = [nanIndices(actual.output), nanIndices(expected.output)];
      expectThat(wanted.length > 0, "expected the case itself to make a NaN");
      expectThat(
        found.join() === wanted.join(),
        `expected NaN in ${wanted.length} elements of ${name} but found it in ${found.length}`,
      );
    },
  }));
}

function nanIndices(tensor: Tensor): number[] {
  const values = toFloat32(tensor);
  return Array.from(values.keys()).filter((index) => Number.isNaN(values[index]));
}
