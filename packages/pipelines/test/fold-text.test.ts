import { type Backend, createReferenceBackend, type DeviceTensor } from "@paroattn/backend";
import { fromFloat32, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { createWeights, type Weights } from "../src/checkpoint/weights.js";
import { linear } from "../src/modules/layers.js";
import { foldingPays, foldText } from "../src/transformers/fold-text.js";
import { pixArtConfig } from "../src/transformers/pixart-config.js";

const backend: Backend = createReferenceBackend();
afterAll(() => backend.dispose());

const config = pixArtConfig.parse({
  _class_name: "PixArtTransformer2DModel",
  num_attention_heads: 3,
  attention_head_dim: 8,
});
const { channels } = config;

function wave(shape: readonly number[], step: number, dtype: "f32" | "f16" = "f32"): DeviceTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length }, (_, i) => Math.sin(step * (i + 1)) / 2);
  return backend.upload(fromFloat32({ data, shape, dtype }));
}

function crossWeights(bias: boolean): Weights {
  return createWeights(
    new Map([
      ["to_q.weight", wave([channels, channels], 0.7, "f16")],
      ["to_out.0.weight", wave([channels, channels], 1.3, "f16")],
      ["to_out.0.bias", wave([channels], 0.4, "f16")],
      ...(bias ? ([["to_q.bias", wave([channels], 0.9, "f16")]] as const) : []),
    ]),
  );
}

describe("a folded text", () => {
  it.each([true, false])(
    "gives what attention to it gives, with a query bias: %s",
    async (bias) => {
      const weights = crossWeights(bias);
      const textLengths = [5, 2];
      const input = wave([2, 7, channels], 0.31);
      const key = wave([2, 5, channels], 0.53);
      const value = wave([2, 5, channels], 0.21);
      const operands = backend.prepareAttention({
        query: linear({ backend, weights: weights.within("to_q"), input }),
        key,
        value,
        heads: config.num_attention_heads,
        headDim: config.attention_head_dim,
        keyLengths: textLengths,
      });
      const attended = backend.attention({ operands }).output;
      const expected = linear({ backend, weights: weights.within("to_out.0"), input: attended });
      const folded = foldText({ backend, config, weights, key, value, textLengths });
      const actual = backend.feedForward({ input, ...folded, activation: { softmaxGroups: 3 } });
      const [found, wanted] = await Promise.all([backend.read(actual), backend.read(expected)]);
      expect(found.shape).toEqual(wanted.shape);
      const numbers = toFloat32(wanted);
      const apart = toFloat32(found).map((number, i) => Math.abs(number - numbers[i]!));
      expect(Math.max(...apart)).toBeLessThan(1e-5);
      expect(Math.max(...numbers)).toBeGreaterThan(0.1);
    },
  );

  it("pays up to channels / (heads - 1) tokens", () => {
    expect(foldingPays(config, 11)).toBe(true);
    expect(foldingPays(config, 12)).toBe(false);
  });
});
