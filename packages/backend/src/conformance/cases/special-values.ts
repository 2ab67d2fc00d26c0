import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { DeviceTensor } from "../../device-tensor.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth } from "../run-on-both.js";

type Make = (shape: readonly number[], options?: { readonly poisoned: boolean }) => DeviceTensor;

/** Each program uses one tensor that holds a NaN. */
const PROGRAMS: Readonly<Record<string, (backend: Backend, make: Make) => DeviceTensor>> = {
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
  conv2d: (backend, make) =>
    backend.conv2d({
      input: make([1, 3, 8, 9], { poisoned: true }),
      weight: make([4, 3, 3, 3]),
      padding: [1, 1, 1, 1],
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
  "attention, in a query": (backend, make) => attend(backend, make, "query"),
  "attention, in a key": (backend, make) => attend(backend, make, "key"),
  "attention, in a value": (backend, make) => attend(backend, make, "value"),
};

function attend(backend: Backend, make: Make, poisoned: "query" | "key" | "value"): DeviceTensor {
  const side = (name: string) => make([1, 70, 64], { poisoned: name === poisoned });
  const operands = backend.prepareAttention({
    query: side("query"),
    key: side("key"),
    value: side("value"),
    heads: 2,
    headDim: 32,
  });
  return backend.attention({ operands }).output;
}

/** A NaN is passed on to where it belongs, so that a broken weight shows in the picture's numbers and is not hidden. */
export function specialValueCases(): ConformanceCase[] {
  return Object.entries(PROGRAMS).map(([name, program]) => ({
    name: `NaN: ${name}`,
    operator: name.split(/[, ]/)[0]!,
    run: async (context) => {
      const { actual, expected } = await runOnBoth(context, (backend) => {
        const random = new Random(context.seed, name);
        const make: Make = (shape, options) => {
          const tensor = random.tensor(shape);
          if (options?.poisoned) tensor.data[11] = Number.NaN;
          return backend.upload(tensor);
        };
        return { output: program(backend, make) };
      });
      const [found, wanted] = [nanIndices(actual.output), nanIndices(expected.output)];
      expectThat(wanted.length > 0, "expected the case itself to make a NaN");
      expectThat(
        found.join() === wanted.join(),
        `expected NaN in ${wanted.length} elements of ${name} but found it in ${found.length}`,
      );
    },
  }));
}

function nanIndices({ data }: Tensor): number[] {
  return Array.from(data.keys()).filter((index) => Number.isNaN(data[index]));
}
