import type { Operation } from "../../peers/operation.js";

/** A layer of a model that people run. */
export interface Layer {
  readonly name: string;
  readonly operation: Operation;
  readonly rounds: number;
}

/** Widths and tokens of transformers: PixArt at 1024 x 1024, CogVideoX-2b (fewer tokens than its 17,776), the sample model. */
const TRANSFORMERS = [
  { model: "PixArt", tokens: 4096, channels: 1152, rounds: 9 },
  { model: "CogVideoX", tokens: 4096, channels: 1920, rounds: 5 },
  { model: "sample-image", tokens: 4096, channels: 192, rounds: 31 },
];

/** Channels and sizes inside autoencoders: Stable Diffusion's at 512 x 512, and the sample model's. */
const AUTOENCODERS = [
  { model: "SD VAE", channels: 512, size: 64, groups: 32, rounds: 9 },
  { model: "SD VAE", channels: 128, size: 256, groups: 32, rounds: 9 },
  { model: "sample VAE", channels: 64, size: 64, groups: 4, rounds: 31 },
  { model: "sample VAE", channels: 16, size: 256, groups: 4, rounds: 31 },
];

const FEED_FORWARD = 4;

const inTransformers = TRANSFORMERS.flatMap(({ model, tokens, channels, rounds }): Layer[] => {
  const wide = FEED_FORWARD * channels;
  const linear = (inputs: number, outputs: number, activation?: "geluTanh"): Layer => ({
    name: `${model} linear ${tokens.toLocaleString("en-US")} x ${inputs} -> ${outputs}${activation ? ", GELU" : ""}`,
    operation: { kind: "linear", rows: tokens, inputs, outputs, ...(activation && { activation }) },
    rounds,
  });
  const shape = `${tokens.toLocaleString("en-US")} x ${channels}`;
  return [
    linear(channels, channels),
    linear(channels, wide, "geluTanh"),
    linear(wide, channels),
    {
      name: `${model} adaptive layer norm ${shape}`,
      operation: { kind: "adaptiveLayerNorm", tokens, channels },
      rounds: 31,
    },
  ];
});

const others: Layer[] = [
  {
    name: "RMS norm 4,096 x 1152",
    operation: { kind: "rmsNorm", tokens: 4096, channels: 1152 },
    rounds: 31,
  },
  ...(["gelu", "silu"] as const).map(
    (activation): Layer => ({
      name: `${activation === "gelu" ? "GELU" : "SiLU"} 4,096 x 4608`,
      operation: { kind: "activate", activation, rows: 4096, channels: 4608 },
      rounds: 15,
    }),
  ),
];

const inAutoencoders = AUTOENCODERS.flatMap(
  ({ model, channels, size, groups, rounds }): Layer[] => {
    const shape = `${channels} x ${size} x ${size}`;
    const sizes = { height: size, width: size };
    return [
      {
        name: `${model} conv 3 x 3 ${shape}`,
        operation: { kind: "conv3x3", inputs: channels, outputs: channels, ...sizes },
        rounds,
      },
      {
        name: `${model} group norm, SiLU ${shape}`,
        operation: { kind: "groupNormSilu", groups, channels, ...sizes },
        rounds: 31,
      },
    ];
  },
);

export const LAYERS: readonly Layer[] = [...inTransformers, ...others, ...inAutoencoders];
