/** What to draw: one prompt with one seed. */
export interface Subject {
  readonly prompt: string;
  readonly seed: number;
}
