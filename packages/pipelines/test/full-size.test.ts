import { describe, expect, it } from "vitest";
import * as cogVideoXConfigs from "../../../tools/full-size/cogvideox-5b/configs.mjs";
import * as cogVideoXTensors from "../../../tools/full-size/cogvideox-5b/tensors.mjs";
import * as pixArtConfigs from "../../../tools/full-size/pixart-sigma/configs.mjs";
import * as pixArtTensors from "../../../tools/full-size/pixart-sigma/tensors.mjs";
import { textEncoderConfig, textEncoderTensors } from "../../../tools/full-size/t5-xxl.mjs";
import { weightFiles } from "../../../tools/full-size/weight-files.mjs";
import {
  autoencoderKlConfig,
  autoencoderKlWeightNames,
  autoencoderKlWeightSpec,
} from "../src/autoencoders/autoencoder-kl-config.js";
import {
  cogVideoXAutoencoderConfig,
  cogVideoXAutoencoderWeightNames,
  cogVideoXAutoencoderWeightSpec,
} from "../src/autoencoders/cogvideox-autoencoder-config.js";
import type { WeightNames, WeightSpec } from "../src/checkpoint/weight-spec.js";
import { t5Config, t5WeightNames, t5WeightSpec } from "../src/text-encoders/t5-config.js";
import {
  cogVideoXConfig,
  cogVideoXWeightNames,
  cogVideoXWeightSpec,
} from "../src/transformers/cogvideox-config.js";
import {
  pixArtConfig,
  pixArtWeightNames,
  pixArtWeightSpec,
} from "../src/transformers/pixart-config.js";

const shapes = (list: Iterable<[string, readonly number[]]>) =>
  [...list].map(([name, shape]) => `${name} [${shape.join(", ")}]`).sort();

const parameters = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Two lists of the same weights, written apart: the loader's, and that of the script that writes a full-size checkpoint. */
describe("a full-size checkpoint", () => {
  const components: {
    name: string;
    spec: WeightSpec;
    names: WeightNames;
    written: Map<string, { shape: number[] }>;
    /** Parameters as published, in billions. */
    billions: number;
  }[] = [
    {
      name: "T5-XXL's encoder",
      spec: t5WeightSpec(t5Config.parse(textEncoderConfig)),
      names: t5WeightNames,
      written: textEncoderTensors(),
      billions: 4.762,
    },
    {
      name: "PixArt-Sigma's transformer",
      spec: pixArtWeightSpec(pixArtConfig.parse(pixArtConfigs.transformerConfig)),
      names: pixArtWeightNames,
      written: pixArtTensors.transformerTensors(),
      billions: 0.611,
    },
    {
      name: "PixArt-Sigma's autoencoder",
      spec: autoencoderKlWeightSpec(autoencoderKlConfig.parse(pixArtConfigs.autoencoderConfig)),
      names: autoencoderKlWeightNames,
      written: pixArtTensors.autoencoderTensors(),
      billions: 0.084,
    },
    {
      name: "CogVideoX-5B's transformer",
      spec: cogVideoXWeightSpec(cogVideoXConfig.parse(cogVideoXConfigs.transformerConfig)),
      names: cogVideoXWeightNames,
      written: cogVideoXTensors.transformerTensors(),
      billions: 5.57,
    },
    {
      name: "CogVideoX-5B's autoencoder",
      spec: cogVideoXAutoencoderWeightSpec(
        cogVideoXAutoencoderConfig.parse(cogVideoXConfigs.autoencoderConfig),
      ),
      names: cogVideoXAutoencoderWeightNames,
      written: cogVideoXTensors.autoencoderTensors(),
      billions: 0.216,
    },
  ];
  it.each(components)("has the weights of $name", ({ spec, names, written, billions }) => {
    const needed = [...written].filter(([name]) => !names.ignorable!.test(name));
    expect(shapes(needed.map(([name, { shape }]) => [name, shape]))).toEqual(shapes(spec));
    const total = [...written.values()].reduce((sum, { shape }) => sum + parameters(shape), 0);
    expect(total / 1e9).toBeCloseTo(billions, 3);
  });

  it("is cut into files of at most 5 GB, with an index that names every tensor's", () => {
    const component = { folder: "transformer", baseName: "weights" };
    const tensors = cogVideoXTensors.transformerTensors();
    const { files, index } = weightFiles({ ...component, tensors });
    expect(files.map(({ path }) => path)).toEqual(
      [1, 2, 3].map((number) => `transformer/weights-0000${number}-of-00003.safetensors`),
    );
    expect(index?.path).toBe("transformer/weights.safetensors.index.json");
    const bytes = files.map(({ tensors: some }) =>
      [...some.values()].reduce((sum, { shape }) => sum + 2 * parameters(shape), 0),
    );
    expect(Math.max(...bytes)).toBeLessThanOrEqual(5e9);
    const named = files.flatMap(({ path, tensors: some }) =>
      [...some.keys()].map((name) => [name, path.slice("transformer/".length)]),
    );
    expect(index?.value.weight_map).toEqual(Object.fromEntries(named));
    expect(named.map(([name]) => name)).toEqual([...tensors.keys()]);
  });

  it("is one file without an index where it is small", () => {
    const tensors = new Map([["bias", { shape: [4], mean: 0, deviation: 1 }]]);
    const { files, index } = weightFiles({ folder: "vae", baseName: "weights", tensors });
    expect(files).toEqual([{ path: "vae/weights.safetensors", tensors }]);
    expect(index).toBeUndefined();
  });
});
