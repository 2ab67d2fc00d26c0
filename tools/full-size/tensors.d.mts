export interface RandomTensor {
  shape: number[];
  mean: number;
  deviation: number;
}
