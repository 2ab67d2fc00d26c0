import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSafetensors, openSafetensors, type Tensor, tensor } from "@paroattn/tensor";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { parseSentencePieceModel } from "../src/tokenizers/sentencepiece-model.js";
import { createT5Tokenizer } from "../src/tokenizers/t5-tokenizer.js";
import { createBackend } from "./components.js";
import { type CheckpointName, fixtures } from "./fixtures.js";
import { watchedDense } from "./strategies.js";

const backend = createBackend();
afterAll(() => backend.dispose());

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

function copyOf(name: CheckpointName): string {
  const folder = mkdtempSync(join(tmpdir(), "paroattn-bad-"));
  made.push(folder);
  cpSync(`${fixtures}${name}`, folder, { recursive: true });
  return folder;
}

/** Whatever fails, it fails as an error for people, eager or not. */
async function refusal(folder: string): Promise<string> {
  const messages: string[] = [];
  for (const residency of ["keep", "eager"] as const) {
    const loading = loadPipeline(folder, {
      backend,
      attention: watchedDense().strategy,
      residency,
    });
    const drawing = loading.then((pipeline) =>
      pipeline.generate({ prompt: "a", width: 16, height: 16, steps: 1 }),
    );
    const error = await drawing.then(
      () => new Error("nothing was refused"),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ [Symbol.for("paroattn.error")]: true });
    messages.push(error.message.replaceAll(folder, "FOLDER"));
  }
  expect(messages[1]).toBe(messages[0]);
  return messages[0]!;
}

function edit(file: string, change: (json: Record<string, unknown>) => void): void {
  // diffusers' -Infinity is no JSON; it is that key's default.
  const json = JSON.parse(
    readFileSync(file, "utf8").replace(/"lambda_min_clipped": -Infinity,/, ""),
  );
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

async function rewrite(
  file: string,
  change: (tensors: Map<string, Tensor>) => void,
): Promise<void> {
  const tensors = new Map<string, Tensor>();
  {
    await using source = await openSafetensors(file);
    for (const name of source.names) tensors.set(name, await source.read(name));
  }
  change(tensors);
  writeFileSync(file, encodeSafetensors({ tensors }));
}

describe("loadPipeline refuses", () => {
  it("a folder without model_index.json", async () => {
    const folder = copyOf("pixart-wide");
    rmSync(join(folder, "model_index.json"));
    expect(await refusal(folder)).toBe(
      "Expected a diffusers folder with model_index.json but found none in FOLDER",
    );
  });

  it("an unknown architecture, naming the known ones", async () => {
    const folder = copyOf("pixart-wide");
    edit(join(folder, "model_index.json"), (json) => {
      json._class_name = "FluxPipeline";
    });
    expect(await refusal(folder)).toBe(
      "Expected architecture PixArtAlphaPipeline or PixArtSigmaPipeline or CogVideoXPipeline but found FluxPipeline in FOLDER/model_index.json",
    );
  });

  it("a component of another class", async () => {
    const folder = copyOf("pixart-wide");
    edit(join(folder, "model_index.json"), (json) => {
      json.scheduler = ["diffusers", "EulerDiscreteScheduler"];
    });
    expect(await refusal(folder)).toBe(
      "Expected scheduler.1 to be DPMSolverMultistepScheduler but found EulerDiscreteScheduler in FOLDER/model_index.json",
    );
  });

  it("a truncated config", async () => {
    const folder = copyOf("pixart-wide");
    truncateSync(join(folder, "transformer/config.json"), 100);
    expect(await refusal(folder)).toMatch(
      /^Expected JSON but found .* in FOLDER\/transformer\/config.json$/,
    );
    truncateSync(join(folder, "transformer/config.json"), 0);
    expect(await refusal(folder)).toBe(
      "Expected JSON but found an empty file in FOLDER/transformer/config.json",
    );
  });

  it.each([
    ["transformer/config.json", "norm_type", "ada_norm_zero", "to be ada_norm_single"],
    ["transformer/config.json", "num_layers", "two", "to be of type number"],
    ["text_encoder/config.json", "feed_forward_proj", "gated-silu", "to be relu or gated-gelu"],
    ["text_encoder/config.json", "model_type", "umt5", "to be t5"],
    ["vae/config.json", "shift_factor", 0.5, "to be of type null"],
    ["vae/config.json", "_class_name", "AutoencoderDC", "to be AutoencoderKL"],
    ["scheduler/scheduler_config.json", "algorithm_type", "sde-dpmsolver++", "to be dpmsolver++"],
  ])("%s with %s %s", async (file, key, value, expectation) => {
    const folder = copyOf("pixart-wide");
    edit(join(folder, file), (json) => {
      json[key] = value;
    });
    expect(await refusal(folder)).toBe(
      `Expected ${key} ${expectation} but found ${value} in FOLDER/${file}`,
    );
  });

  it("components that do not fit together", async () => {
    const folder = copyOf("pixart-wide");
    edit(join(folder, "vae/config.json"), (json) => {
      json.latent_channels = 16;
    });
    expect(await refusal(folder)).toBe(
      "Expected in_channels to be 16, as the autoencoder's latents but found 4 in FOLDER/transformer/config.json",
    );
  });

  it("a missing shard", async () => {
    const folder = copyOf("pixart-wide");
    rmSync(join(folder, "transformer/diffusion_pytorch_model-00002-of-00004.safetensors"));
    expect(await refusal(folder)).toContain("diffusion_pytorch_model-00002-of-00004.safetensors");
  });

  it("a truncated weights file", async () => {
    const folder = copyOf("pixart-wide");
    truncateSync(join(folder, "vae/diffusion_pytorch_model.safetensors"), 70_000);
    expect(await refusal(folder)).toContain("FOLDER/vae/diffusion_pytorch_model.safetensors");
  });

  describe("weights that", () => {
    const file = "text_encoder/model.safetensors";
    const name = "encoder.block.1.layer.0.SelfAttention.q.weight";
    const changed = async (change: (tensors: Map<string, Tensor>) => void) => {
      const folder = copyOf("pixart-wide");
      await rewrite(join(folder, file), change);
      return refusal(folder);
    };

    it("are missing", async () => {
      expect(await changed((tensors) => tensors.delete(name))).toBe(
        `Expected tensor "${name}" but found none in FOLDER/${file}`,
      );
    });

    it("nobody reads", async () => {
      const extra = tensor({ dtype: "f32", shape: [1], data: new Float32Array(1) });
      expect(await changed((tensors) => tensors.set("encoder.extra", extra))).toBe(
        `Expected only the 19 weights that the configuration asks for but found 1 more, such as "encoder.extra" in FOLDER/${file}`,
      );
    });

    it("have another shape", async () => {
      const wrong = tensor({ dtype: "f16", shape: [24, 18], data: new Uint16Array(24 * 18) });
      expect(await changed((tensors) => tensors.set(name, wrong))).toBe(
        `Expected tensor "${name}" of shape [18, 24] but found [24, 18] in FOLDER/${file}`,
      );
    });

    it("have another dtype", async () => {
      const wrong = tensor({ dtype: "i32", shape: [18, 24], data: new Int32Array(24 * 18) });
      expect(await changed((tensors) => tensors.set(name, wrong))).toBe(
        `Expected tensor "${name}" of dtype f32, f16, bf16 but found i32 in FOLDER/${file}`,
      );
    });

    it.each([0x7e00, 0xfc00])("are not finite (%i)", async (bits) => {
      const message = await changed((tensors) => {
        tensors.get(name)!.data[5] = bits;
      });
      expect(message).toBe(
        `Expected finite numbers in tensor "${name}" but found NaN or an infinity at element 5 in FOLDER/${file}`,
      );
    });
  });

  it("a tokenizer folder without a tokenizer, or with more tokens than the encoder has", async () => {
    const folder = copyOf("pixart-square");
    const file = join(folder, "tokenizer/added_tokens.json");
    writeFileSync(file, JSON.stringify({ "<extra_id_0>": 150 }));
    expect(await refusal(folder)).toBe(
      "Expected a tokenizer of at most 150 tokens, as text_encoder/config.json says but found 151 in FOLDER/tokenizer",
    );
    rmSync(join(folder, "tokenizer/spiece.model"));
    expect(await refusal(folder)).toBe(
      "Expected tokenizer.json or spiece.model but found neither in FOLDER/tokenizer",
    );
  });

  it("a tokenizer of another kind", async () => {
    const folder = copyOf("pixart-wide");
    edit(join(folder, "tokenizer/tokenizer.json"), (json) => {
      (json.model as Record<string, unknown>).type = "BPE";
    });
    expect(await refusal(folder)).toBe(
      "Expected model.type to be Unigram but found BPE in FOLDER/tokenizer/tokenizer.json",
    );
  });
});

describe("a checkpoint may", () => {
  it("name T5's embedding twice or by its other name, and the autoencoder's attention as of old", async () => {
    const draw = async (folder: string) => {
      using pipeline = await loadPipeline(folder, { backend, attention: watchedDense().strategy });
      const { latents, images } = await pipeline.generate({
        prompt: "a red circle",
        width: 16,
        height: 16,
        steps: 1,
        seed: 2,
      });
      return { latents, images };
    };
    const reference = await draw(`${fixtures}pixart-square`);
    const folder = copyOf("pixart-square");
    const text = join(folder, "text_encoder/model.safetensors");
    await rewrite(text, (tensors) => {
      tensors.set("encoder.embed_tokens.weight", tensors.get("shared.weight")!);
    });
    expect(await draw(folder)).toEqual(reference);
    await rewrite(text, (tensors) => tensors.delete("shared.weight"));
    await rewrite(join(folder, "vae/diffusion_pytorch_model.safetensors"), (tensors) => {
      const attention = "decoder.mid_block.attentions.0";
      for (const [today, old] of [
        ["to_q", "query"],
        ["to_k", "key"],
        ["to_v", "value"],
        ["to_out.0", "proj_attn"],
      ]) {
        for (const kind of ["weight", "bias"]) {
          tensors.set(`${attention}.${old}.${kind}`, tensors.get(`${attention}.${today}.${kind}`)!);
          tensors.delete(`${attention}.${today}.${kind}`);
        }
      }
    });
    expect(await draw(folder)).toEqual(reference);
  });
});

describe("the reader of spiece.model", () => {
  it("survives what is not one", () => {
    const good = readFileSync(`${fixtures}pixart-square/tokenizer/spiece.model`);
    expect(
      createT5Tokenizer(parseSentencePieceModel(good)).encode("a red circle").ids,
    ).toHaveLength(4);
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(
        good.subarray(0, round % 3 === 0 ? random(good.length) : good.length),
      );
      // Most of the file is the character map; the pieces in front are the delicate part.
      for (let i = 0; i < 4; i++) bytes[random(Math.min(bytes.length, 6000))] = random(256);
      try {
        createT5Tokenizer(parseSentencePieceModel(bytes)).encode("a réd ½ circle");
      } catch (error) {
        refused += 1;
        expect((error as Error).message).toMatch(/^Expected|encoded data was not valid/);
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});
