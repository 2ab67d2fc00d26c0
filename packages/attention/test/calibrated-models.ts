import { type Backend, createReferenceBackend } from "@paroattn/backend";
import { imageLayout } from "@paroattn/reorder";
import type { CalibrationOptions } from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

export const backend = createReferenceBackend();

export const layout = imageLayout({ height: 11, width: 23, textTokens: 20 });
const reaches = [{ width: 1 }, { height: 1 }];

function modelOf(prompt: number, heads = reaches): FakeModel {
  return {
    backend,
    layout,
    heads: 2,
    headDim: 16,
    timesteps: [900, 600, 300, 100],
    layers: [0, 1].map((layer) =>
      [0, 1].map((branch) =>
        plantAxisLocal({
          layout,
          reaches: heads,
          headDim: 16,
          seed: 100 * prompt + 10 * layer + branch,
        }),
      ),
    ),
  };
}

export const models = [modelOf(1), modelOf(2)];
/** A prompt for which the heads look elsewhere than for the others. */
export const shifted = modelOf(3, [{ height: 1 }, { width: 1 }]);
/** Calibrates on two prompts at density 0.5. */
export const options: CalibrationOptions & { density: number } = {
  density: 0.5,
  prompts: ["one", "two"],
  seeds: [1, 2],
  settings: { guidance: 3 },
  generate: async (strategy) => {
    for (const model of models) await generate(model, strategy);
  },
};

/** The same, one step long. */
export const short = models.map((model) => ({ ...model, timesteps: [500] }));

/** The backend, and every scope in it, with calls of one operator counted. */
export function countCalls<T extends Backend>(
  backend: T,
  operator: "attention" | "blockStatistics",
  count: () => void,
): T {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name === operator) count();
      if (name === "scope") return () => countCalls(target.scope(), operator, count);
      return value.bind(target);
    },
  });
}
