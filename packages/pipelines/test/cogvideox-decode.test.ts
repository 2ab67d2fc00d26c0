import type { Backend, DeviceTensor } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { tensor } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { tileAxis } from "../src/autoencoders/tiles.js";
import { normalNoise } from "../src/random/normal-noise.js";
import { createBackend, videoAutoencoder } from "./components.js";
import {
  expectClose,
  goldenTensors,
  VIDEO_CHECKPOINTS,
  type VideoCheckpointName,
  videoGolden,
} from "./fixtures.js";

const reference = createBackend();
const cpu = createCpuBackend({ threads: 2 });
afterAll(() => {
  reference.dispose();
  cpu.dispose();
});

/** The golden latents as the autoencoder takes them, [batch, channels, frames, height, width]. */
async function readyLatents(backend: Backend, name: VideoCheckpointName, scale: number) {
  const final = (await goldenTensors(name)).get("final_latents")!;
  const latents = backend.permute({ input: backend.upload(final), axes: [0, 2, 1, 3, 4] });
  return backend.combine({ terms: [{ tensor: latents, factor: 1 / scale }] });
}

const firstOf = (backend: Backend, input: DeviceTensor) =>
  backend.slice({ input, axis: 0, start: 0, end: 1 });

describe.each(VIDEO_CHECKPOINTS)("%s", (name) => {
  it.each([
    ["the reference", reference],
    ["the CPU", cpu],
  ])("decodes a batch of videos on %s", async (_, backend) => {
    const { model } = (await videoAutoencoder(name)).create(backend);
    const latents = await readyLatents(backend, name, model.config.scaling_factor);
    const shares: number[] = [];
    const decoded = await model.decode({
      backend,
      latents,
      onLayer: (share) => shares.push(share),
    });
    expectClose(decoded, (await goldenTensors(name)).get("decoded")!);
    expect(shares.length).toBeGreaterThan(10);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeLessThan(1);
  });

  it("decodes in tiles as diffusers does", async () => {
    const { model } = (await videoAutoencoder(name)).create(cpu);
    const latents = await readyLatents(cpu, name, model.config.scaling_factor);
    const { tiling } = videoGolden(name);
    const one = { backend: cpu, latents: firstOf(cpu, latents) };
    const tiled = await model.decode({ ...one, tiling });
    expectClose(tiled, (await goldenTensors(name)).get("tiled")!);
    const large = { height: 100, width: 100, overlapHeight: 0, overlapWidth: 0 };
    const whole = await model.decode(one);
    expect(await model.decode({ ...one, tiling: large })).toEqual(whole);
  });
});

it("takes no more device memory for more frames", async () => {
  const { model } = (await videoAutoencoder("cogvideox-sincos")).create(cpu);
  const held = cpu as unknown as { memory(): number };
  const before = held.memory();
  const peakOf = async (frames: number) => {
    using backend = cpu.scope();
    const shape = [1, 4, frames, 10, 14];
    const data = normalNoise(
      3,
      shape.reduce((product, size) => product * size),
    );
    const latents = backend.upload(tensor({ dtype: "f32", shape, data }));
    let peak = 0;
    const onLayer = () => {
      peak = Math.max(peak, held.memory() - before);
    };
    const video = await model.decode({ backend, latents, onLayer });
    return { peak, video: video.data.byteLength };
  };
  const short = await peakOf(5);
  const long = await peakOf(25);
  expect(long.video).toBeGreaterThan(4 * short.video);
  expect(long.peak).toBeLessThan(1.2 * short.peak);
});

describe("a tile", () => {
  it("overlaps the next by what is blended", () => {
    expect(tileAxis({ size: 60, factor: 8, tile: 30, overlap: 1 / 6 })).toEqual({
      ranges: [
        [0, 30],
        [25, 55],
        [50, 60],
      ],
      blend: 40,
      kept: 200,
    });
    expect(tileAxis({ size: 90, factor: 8, tile: 45, overlap: 1 / 5 })).toMatchObject({
      blend: 72,
      kept: 288,
    });
    // An overlap of less than a latent is one of a latent.
    expect(tileAxis({ size: 9, factor: 4, tile: 5, overlap: 1 / 6 })).toEqual({
      ranges: [
        [0, 5],
        [4, 9],
        [8, 9],
      ],
      blend: 4,
      kept: 16,
    });
    expect(tileAxis({ size: 7, factor: 8 })).toEqual({ ranges: [[0, 7]], blend: 0, kept: 56 });
  });
});
