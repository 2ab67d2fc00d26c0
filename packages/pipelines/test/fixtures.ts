import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openSafetensors, type Tensor, toFloat32 } from "@paroattn/tensor";
import { expect } from "vitest";

export const fixtures = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
export const CHECKPOINTS = ["pixart-square", "pixart-wide"] as const;
export const VIDEO_CHECKPOINTS = ["cogvideox-sincos", "cogvideox-rotary"] as const;
export type VideoCheckpointName = (typeof VIDEO_CHECKPOINTS)[number];
export type CheckpointName = (typeof CHECKPOINTS)[number] | VideoCheckpointName;

export interface Golden {
  readonly prompts: readonly string[];
  readonly negative: string;
  readonly guidance: number;
  readonly steps: number;
  readonly cleaned: readonly string[];
  readonly lengths: readonly number[];
  readonly negativeLengths: readonly number[];
  readonly timestep: number;
  readonly transformerLengths: readonly number[];
  readonly maximumLength: number;
  readonly buckets: readonly number[];
  readonly tokens: readonly { text: string; ids: readonly number[]; length: number }[];
  readonly truncated: { readonly text: string; readonly ids: readonly number[] };
}

export interface VideoGolden {
  readonly prompts: readonly string[];
  readonly negative: string;
  readonly guidance: number;
  readonly dynamic: boolean;
  readonly steps: number;
  readonly seed: number;
  /** Frames, height, width. */
  readonly latents: readonly [number, number, number];
  readonly timestep: number;
  /** Of the tiled decoding, in latents, and the shares that overlap. */
  readonly tiling: {
    readonly height: number;
    readonly width: number;
    readonly overlapHeight: number;
    readonly overlapWidth: number;
  };
  readonly ids: readonly (readonly number[])[];
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(`${fixtures}${file}`, "utf8")) as T;
}

export const golden = (name: CheckpointName) => readJson<Golden>(`${name}/golden.json`);

export const videoGolden = (name: VideoCheckpointName) =>
  readJson<VideoGolden>(`${name}/golden.json`);

export async function goldenTensors(name: CheckpointName): Promise<ReadonlyMap<string, Tensor>> {
  await using source = await openSafetensors(`${fixtures}${name}/golden.safetensors`);
  const tensors = new Map<string, Tensor>();
  for (const tensor of source.names) tensors.set(tensor, await source.read(tensor));
  return tensors;
}

/** max |a - b| / max |b|. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) {
    throw new Error(`${actual.length} elements against ${reference.length}`);
  }
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - reference[i]!));
    largest = Math.max(largest, Math.abs(reference[i]!));
    if (Number.isNaN(actual[i]!)) return Number.NaN;
  }
  return difference / largest;
}

/** Of single precision against single precision, through some tens of layers. */
export const TOLERANCE = 1e-4;

export function expectClose(actual: Tensor, reference: Tensor): void {
  expect(actual.shape).toEqual(reference.shape);
  expect(relativeError(toFloat32(actual), toFloat32(reference))).toBeLessThanOrEqual(TOLERANCE);
}
