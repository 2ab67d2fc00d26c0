import { describe, expect, it } from "vitest";
import {
  autoencoderConfig,
  textEncoderConfig,
  transformerConfig,
} from "../../../tools/full-size/pixart-sigma/configs.mjs";
import {
  autoencoderTensors,
  textEncoderTensors,
  transformerTensors,
} from "../../../tools/full-size/pixart-sigma/tensors.mjs";
import {
  autoencoderKlConfig,
  autoencoderKlWeightNames,
  autoencoderKlWeightSpec,
} from "../src/autoencoders/autoencoder-kl-config.js";
import type { WeightSpec } from "../src/checkpoint/weight-spec.js";
import { t5Config, t5WeightNames, t5WeightSpec } from "../src/text-encoders/t5-config.js";
import {
  pixArtConfig,
  pixArtWeightNames,
  pixArtWeightSpec,
} from "../src/transformers/pixart-config.js";

const shapes = (list: Iterable<[string, readonly number[]]>) =>
  [...list].map(([name, shape]) => `${name} [${shape.join(", ")}]`).sort();

const parameters = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Two lists of the same weights, written apart: the loader's, and that of the script that writes a full-size checkpoint. */
describe("a full-size PixArt-Sigma", () => {
  const components: {
    name: string;
    spec: WeightSpec;
    ignorable: RegExp;
    written: Map<string, { shape: number[] }>;
    billions: number;
  }[] = [
    {
      name: "text encoder",
      spec: t5WeightSpec(t5Config.parse(textEncoderConfig)),
      ignorable: t5WeightNames.ignorable!,
      written: textEncoderTensors(),
      billions: 4.762,
    },
    {
      name: "transformer",
      spec: pixArtWeightSpec(pixArtConfig.parse(transformerConfig)),
      ignorable: pixArtWeightNames.ignorable!,
      written: transformerTensors(),
      billions: 0.611,
    },
    {
      name: "autoencoder",
      spec: autoencoderKlWeightSpec(autoencoderKlConfig.parse(autoencoderConfig)),
      ignorable: autoencoderKlWeightNames.ignorable!,
      written: autoencoderTensors(),
      billions: 0.084,
    },
  ];
  it.each(components)("has the $name's weights", ({ spec, ignorable, written, billions }) => {
    const needed = [...written].filter(([name]) => !ignorable.test(name));
    expect(shapes(needed.map(([name, { shape }]) => [name, shape]))).toEqual(shapes(spec));
    const total = [...written.values()].reduce((sum, { shape }) => sum + parameters(shape), 0);
    expect(total / 1e9).toBeCloseTo(billions, 3);
  });
});
