import type { RandomTensor } from "./tensors.mjs";

export interface WeightFile {
  path: string;
  tensors: Map<string, RandomTensor>;
}

export function weightFiles(component: {
  folder: string;
  baseName: string;
  tensors: Map<string, RandomTensor>;
}): {
  files: WeightFile[];
  index?: { path: string; value: { weight_map: Record<string, string> } };
};
