/** How a caller follows, and stops, what reads a component's weights. */
export interface Watch {
  /** Stops it within a tensor. */
  readonly signal?: AbortSignal;
  /** Told after each tensor: bytes done and bytes there are. */
  readonly onBytes?: (done: number, total: number) => void;
}
