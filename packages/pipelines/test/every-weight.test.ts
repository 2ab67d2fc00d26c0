import { type Backend, createReferenceBackend, type DeviceTensor } from "@paroattn/backend";
import { fromFloat32, type Tensor, tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import {
  autoencoder,
  type HostComponent,
  plainAttention,
  textEncoder,
  transformer,
  videoAutoencoder,
  videoTransformer,
} from "./components.js";
import { CHECKPOINTS, relativeError, VIDEO_CHECKPOINTS } from "./fixtures.js";

const root = createReferenceBackend();
afterAll(() => root.dispose());

/** Numbers in [-1, 1] without a pattern. */
const irregular = (i: number) => Math.sin(12.9898 * i + 1) ** 3;

const irregularTensor = (...shape: number[]) => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor({
    dtype: "f32",
    shape,
    data: Float32Array.from({ length: count }, (_, i) => 2 * irregular(i)),
  });
};

/** The tensor with something irregular added, `scale` times as large as its largest element. */
function perturbed(original: Tensor, scale: number): Tensor {
  const values = toFloat32(original);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  return fromFloat32({
    data: values.map((value, i) => value + scale * largest * irregular(i + 0.5)),
    shape: original.shape,
    dtype: original.dtype as "f32" | "f16" | "bf16",
  });
}

/** Perturbs one weight after the other and hands over how far the output moved, relative to its largest element. */
async function movements<Model>(
  component: HostComponent<Model>,
  run: (model: Model, backend: Backend) => DeviceTensor | Promise<DeviceTensor>,
): Promise<Map<string, number>> {
  const outputWith = async (replaced?: ReadonlyMap<string, Tensor>) => {
    using backend = root.scope();
    const { model } = component.create(backend, replaced);
    return toFloat32(await backend.read(await run(model, backend)));
  };
  const reference = await outputWith();
  const moved = new Map<string, number>();
  for (const [name, original] of component.weights) {
    const scale = KEY_BIAS.test(name) ? (NORMED.test(name) ? 1e12 : 1000) : 1;
    const output = await outputWith(new Map([[name, perturbed(original, scale)]]));
    moved.set(name, relativeError(output, reference));
  }
  return moved;
}

/**
 * A bias of the keys adds the same number to all logits of a row, which softmax ignores: mathematically it moves nothing
 * where keys are not normalised or rotated afterwards.
 * That it is read shows in the rounding of keys that it makes larger by far.
 */
const KEY_BIAS = /\.(to_k|norm_k)\.bias$/;

/** Added within attention, where the reference rounds to float64 and not to float32. */
const NORMED = /\.norm_k\.bias$/;

function expectAllMoved(moved: ReadonlyMap<string, number>, least: number): void {
  expect(moved.size).toBeGreaterThanOrEqual(least);
  const still = [...moved].filter(([name, by]) => !(by > (KEY_BIAS.test(name) ? 0 : 1e-3)));
  expect(still).toEqual([]);
}

describe.each(CHECKPOINTS)("perturbing any weight of %s moves the output of", (name) => {
  it("the text encoder", async () => {
    // All ids, so that every row of the embedding counts; far enough apart for the outer position buckets.
    const ids = [Array.from({ length: 150 }, (_, i) => i)];
    expectAllMoved(
      await movements(await textEncoder(name), (model, backend) => model.encode(backend, ids)),
      19,
    );
  });

  it("the transformer", async () => {
    const component = await transformer(name);
    const moved = await movements(component, (model, backend) => {
      const { config } = model;
      const [latentHeight, latentWidth] = [3 * config.patch_size, 4 * config.patch_size];
      const size = { latentHeight, latentWidth, height: 30, width: 40 };
      const conditions = model.condition({
        backend,
        text: backend.upload(irregularTensor(1, 5, config.caption_channels!)),
        textLengths: [4],
        ...size,
      });
      return model.forward({
        backend,
        latents: backend.upload(irregularTensor(1, config.in_channels, latentHeight, latentWidth)),
        timestep: 500,
        conditions,
        attend: plainAttention(config.num_attention_heads, config.attention_head_dim),
      });
    });
    expectAllMoved(moved, 50);
  });

  it("the autoencoder", async () => {
    const moved = await movements(await autoencoder(name), (model, backend) =>
      model.decode(backend, backend.upload(irregularTensor(1, model.config.latent_channels, 3, 2))),
    );
    expectAllMoved(moved, 50);
  });
});

describe.each(VIDEO_CHECKPOINTS)("perturbing any weight of %s moves the output of", (name) => {
  it("the transformer", async () => {
    const moved = await movements(await videoTransformer(name), (model, backend) => {
      const { config } = model;
      const grid = { frames: 2, height: 2 * config.patch_size, width: 3 * config.patch_size };
      const text = irregularTensor(1, config.max_text_seq_length, config.text_embed_dim);
      const shape = [1, grid.frames, config.in_channels, grid.height, grid.width];
      return model.forward({
        backend,
        latents: backend.upload(irregularTensor(...shape)),
        timestep: 500,
        conditions: model.condition({ backend, text: backend.upload(text), grid }),
        attend: plainAttention(config.num_attention_heads, config.attention_head_dim),
      });
    });
    expectAllMoved(moved, 40);
  });

  it("the autoencoder", async () => {
    const moved = await movements(await videoAutoencoder(name), async (model, backend) => {
      const latents = backend.upload(irregularTensor(1, model.config.latent_channels, 3, 2, 3));
      return backend.upload(await model.decode({ backend, latents }));
    });
    expectAllMoved(moved, 100);
  });
});
