import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { relativePositionBucket } from "../src/text-encoders/relative-position.js";
import { loadT5Tokenizer } from "../src/tokenizers/load-tokenizer.js";
import {
  autoencoder,
  createBackend,
  plainAttention,
  textEncoder,
  transformer,
} from "./components.js";
import {
  CHECKPOINTS,
  expectClose,
  fixtures,
  golden,
  goldenTensors,
  relativeError,
  TOLERANCE,
} from "./fixtures.js";

const backend = createBackend();
afterAll(() => backend.dispose());

describe.each(CHECKPOINTS)("%s", (name) => {
  const expected = golden(name);

  it("encodes a batch of texts of unequal length", async () => {
    const tensors = await goldenTensors(name);
    const tokenizer = await loadT5Tokenizer(`${fixtures}${name}/tokenizer`);
    const { model } = (await textEncoder(name)).create(backend);
    const texts = expected.cleaned.map((text) => tokenizer.encode(text).ids);
    const lengths = [...expected.lengths, expected.negativeLengths[0]!];
    expect(texts.map((ids) => ids.length)).toEqual(lengths);
    expect(new Set(lengths).size).toBeGreaterThan(2);
    const states = await backend.read(model.encode(backend, texts));
    const [, tokens, channels] = states.shape as [number, number, number];
    const references = [
      ...[0, 1].map((row) => ({ all: tensors.get("text_positive")!, row })),
      { all: tensors.get("text_negative")!, row: 0 },
    ];
    for (const [text, { all, row }] of references.entries()) {
      const width = all.shape[1]! * channels;
      const valid = lengths[text]! * channels;
      const start = text * tokens * channels;
      const actual = toFloat32(states).subarray(start, start + valid);
      const reference = toFloat32(all).subarray(row * width, row * width + valid);
      expect(relativeError(actual, reference)).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it("finds T5's buckets of relative positions", async () => {
    const { weights } = await textEncoder(name);
    const bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    const buckets = weights.get(bias)!.shape[0]!;
    const maximumDistance = name === "pixart-square" ? 128 : 20;
    expect(
      expected.buckets.map((_, i) =>
        relativePositionBucket({ position: i - 300, buckets, maximumDistance }),
      ),
    ).toEqual(expected.buckets);
  });

  it("predicts with padded text", async () => {
    const tensors = await goldenTensors(name);
    const { model } = (await transformer(name)).create(backend);
    const input = tensors.get("transformer_input")!;
    const [, , latentHeight, latentWidth] = input.shape as [number, number, number, number];
    const conditions = model.condition({
      backend,
      text: backend.upload(tensors.get("transformer_text")!),
      textLengths: expected.transformerLengths,
      latentHeight,
      latentWidth,
      height: 2 * latentHeight,
      width: 2 * latentWidth,
    });
    const { num_attention_heads: heads, attention_head_dim: headDim } = model.config;
    const output = await model.forward({
      backend,
      latents: backend.upload(input),
      timestep: expected.timestep,
      conditions,
      attend: plainAttention(heads, headDim),
    });
    expectClose(await backend.read(output), tensors.get("transformer_output")!);
  });

  it("decodes latents", async () => {
    const tensors = await goldenTensors(name);
    const { model } = (await autoencoder(name)).create(backend);
    const latents = backend.combine({
      terms: [
        {
          tensor: backend.upload(tensors.get("final_latents")!),
          factor: 1 / model.config.scaling_factor,
        },
      ],
    });
    expectClose(await backend.read(model.decode(backend, latents)), tensors.get("decoded")!);
  });
});
