import type { RandomTensor } from "../tensors.mjs";

export function transformerTensors(): Map<string, RandomTensor>;
export function autoencoderTensors(): Map<string, RandomTensor>;
