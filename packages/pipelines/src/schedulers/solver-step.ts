/**
 * One step of a solver as numbers; the tensors are combined elsewhere:
 * `prediction = fromSample * sample + fromOutput * output`, then
 * `sample = keep * sample + sum of weights[i] * (the prediction made i steps ago) + noise * (fresh noise of deviation 1)`.
 */
export interface SolverStep {
  /** The training timestep that the model is asked for. */
  readonly timestep: number;
  readonly fromSample: number;
  readonly fromOutput: number;
  readonly keep: number;
  /** Newest prediction first, one to three. */
  readonly weights: readonly number[];
  /** 0 for a solver that adds none. */
  readonly noise: number;
}
