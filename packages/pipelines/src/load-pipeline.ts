import { access } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { checkStrategy } from "./check-strategy.js";
import { readConfig } from "./checkpoint/config.js";
import { loadCogVideoX } from "./cogvideox/load-cogvideox.js";
import { expected } from "./errors.js";
import type { ArchitectureLoader, LoadPipelineOptions, Pipeline } from "./pipeline.js";
import { loadPixArt } from "./pixart/load-pixart.js";

type Architectures = Readonly<Record<string, ArchitectureLoader>>;

/** Pipelines by what they draw and by the class name in `model_index.json`. */
const ARCHITECTURES: Readonly<Record<"image" | "video", Architectures>> = {
  image: { PixArtAlphaPipeline: loadPixArt, PixArtSigmaPipeline: loadPixArt },
  video: { CogVideoXPipeline: loadCogVideoX },
};

/** Class names in `model_index.json` that `loadPipeline` takes, of text-to-image checkpoints. */
export const imageArchitectures: readonly string[] = Object.keys(ARCHITECTURES.image);

/** And of text-to-video checkpoints. */
export const videoArchitectures: readonly string[] = Object.keys(ARCHITECTURES.video);

/**
 * Loads a diffusers checkpoint folder.
 *
 * @throws PipelineError or SafetensorsError naming the file, what was expected and what was found.
 *
 * @example
 * const pipeline = await loadPipeline(folder, { backend, attention: denseAttention() });
 * const { images } = await pipeline.generate({ prompt: "a red circle", seed: 7 });
 */
export async function loadPipeline(
  folder: string,
  options: LoadPipelineOptions,
): Promise<Pipeline> {
  checkStrategy(options.attention);
  const file = "model_index.json";
  await access(join(folder, file)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") return;
    const found = `none in ${folder}`;
    throw expected({ expected: `a diffusers folder with ${file}`, found, cause });
  });
  const { _class_name: architecture } = await readConfig({
    folder,
    file,
    schema: z.object({ _class_name: z.string() }),
  });
  const served: Architectures =
    options.kind === undefined
      ? { ...ARCHITECTURES.image, ...ARCHITECTURES.video }
      : ARCHITECTURES[options.kind];
  const load = Object.hasOwn(served, architecture) ? served[architecture] : undefined;
  if (load === undefined) {
    throw expected({
      expected: `architecture ${Object.keys(served).join(" or ")}`,
      found: architecture,
      where: join(folder, file),
    });
  }
  return load({ ...options, folder, architecture });
}
