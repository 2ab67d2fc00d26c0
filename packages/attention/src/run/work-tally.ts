import type { AttentionReport } from "../strategy.js";
import type { Attended } from "./attended.js";

/** Adds up what a run executes and the most that it keeps, for its report. */
export class WorkTally {
  #sites = 0;
  #density = 0;
  #dense = 0;
  #cacheBytes = 0;

  /** A site's work, and the bytes that the run keeps after it. */
  add({ density, dense = false }: Omit<Attended, "output">, keptBytes: number): void {
    this.#sites += 1;
    this.#density += density;
    this.#dense += dense ? 1 : 0;
    this.#cacheBytes = Math.max(this.#cacheBytes, keptBytes);
  }

  /** All sites have the same number of valid pairs for each guidance branch, so that their mean is the run's. */
  report(): Pick<AttentionReport, "density" | "denseShare" | "cacheBytes"> {
    const share = (sum: number) => (this.#sites === 0 ? 1 : sum / this.#sites);
    return {
      density: share(this.#density),
      denseShare: share(this.#dense),
      cacheBytes: this.#cacheBytes,
    };
  }
}
