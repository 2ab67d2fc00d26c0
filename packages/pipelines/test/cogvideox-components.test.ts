import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadT5Tokenizer } from "../src/tokenizers/load-tokenizer.js";
import { rotaryTables, sincosPositions } from "../src/transformers/cogvideox-positions.js";
import { createBackend, plainAttention, textEncoder, videoTransformer } from "./components.js";
import {
  expectClose,
  fixtures,
  goldenTensors,
  relativeError,
  VIDEO_CHECKPOINTS,
  videoGolden,
} from "./fixtures.js";

const backend = createBackend();
afterAll(() => backend.dispose());

describe.each(VIDEO_CHECKPOINTS)("%s", (name) => {
  const expected = videoGolden(name);
  const [frames, height, width] = expected.latents;

  it("encodes padded texts, the padding read as text", async () => {
    const tensors = await goldenTensors(name);
    const { model } = (await textEncoder(name)).create(backend);
    const tokenizer = await loadT5Tokenizer(`${fixtures}${name}/tokenizer`);
    const positive = tensors.get("text_positive")!;
    const tokens = positive.shape[1]!;
    const padded = expected.prompts.map((prompt, index) => {
      expect(tokenizer.encode(prompt).ids).toEqual(expected.ids[index]);
      const { ids } = tokenizer.encode(prompt, tokens);
      return [...ids, ...Array<number>(tokens - ids.length).fill(0)];
    });
    expectClose(await backend.read(model.encode(backend, padded)), positive);
  });

  it("knows where every token is", async () => {
    const tensors = await goldenTensors(name);
    const { model } = (await videoTransformer(name)).create(backend);
    const layout = model.layout({ frames, height, width });
    if (!model.config.use_rotary_positional_embeddings) {
      const positions = toFloat32(tensors.get("positions")!);
      expect(relativeError(sincosPositions(model.config, layout), positions)).toBeLessThan(1e-6);
      return;
    }
    const { cos, sin } = rotaryTables(model.config, layout);
    const text = layout.textTokens * (model.config.attention_head_dim / 2);
    expect(cos.subarray(0, text).every((value) => value === 1)).toBe(true);
    expect(sin.subarray(0, text).every((value) => value === 0)).toBe(true);
    const near = [
      relativeError(cos.subarray(text), toFloat32(tensors.get("rotary_cos")!)),
      relativeError(sin.subarray(text), toFloat32(tensors.get("rotary_sin")!)),
    ];
    expect(Math.max(...near)).toBeLessThan(1e-5);
  });

  it("predicts a batch of guidance branches", async () => {
    const tensors = await goldenTensors(name);
    const { model } = (await videoTransformer(name)).create(backend);
    const conditions = model.condition({
      backend,
      text: backend.upload(tensors.get("transformer_text")!),
      grid: { frames, height, width },
    });
    const { num_attention_heads: heads, attention_head_dim: headDim } = model.config;
    const output = await model.forward({
      backend,
      latents: backend.upload(tensors.get("transformer_input")!),
      timestep: expected.timestep,
      conditions,
      attend: plainAttention(heads, headDim),
    });
    expectClose(await backend.read(output), tensors.get("transformer_output")!);
  });
});
