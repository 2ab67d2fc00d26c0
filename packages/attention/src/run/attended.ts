import type { DeviceTensor } from "@paroattn/backend";

/** A site's output, and the work that it took: executed / all valid query-key pairs, all passes counted. */
export interface Attended {
  readonly output: DeviceTensor;
  readonly density: number;
  /** Whether it is dense attention, at a step that is not dense as a whole. Default: false. */
  readonly dense?: boolean;
}
