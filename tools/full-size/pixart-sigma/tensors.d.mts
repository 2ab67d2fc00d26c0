export interface RandomTensor {
  shape: number[];
  mean: number;
  deviation: number;
}

export function textEncoderTensors(): Map<string, RandomTensor>;
export function transformerTensors(): Map<string, RandomTensor>;
export function autoencoderTensors(): Map<string, RandomTensor>;
