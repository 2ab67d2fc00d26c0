import type { RandomTensor } from "./tensors.mjs";

export const textEncoderConfig: Record<string, unknown>;
export function textEncoderTensors(): Map<string, RandomTensor>;
