/** Equal slots of f32 numbers, all zero at first. */
export interface Slots {
  /** A copy of one slot, or a view that is good until the next call. */
  read(slot: number): Float32Array;
  write(slot: number, values: Float32Array): void;
  dispose(): void;
}
