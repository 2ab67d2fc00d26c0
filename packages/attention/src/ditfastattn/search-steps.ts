import { type SharingMethod, sharesGuidance } from "./sharing-method.js";

/** In the order in which they are tried: what saves most goes first (Algorithm 1). */
const CANDIDATES: readonly SharingMethod[] = [
  "shareStep",
  "windowShareGuidance",
  "window",
  "shareGuidance",
];

/** What one pass over a step's layers is for: its full answer, one layer's trial, or what is kept of it. */
export type Pass = "reference" | "trial" | "keep";

/**
 * Which pass over the model comes next in DiTFastAttn's greedy search (Algorithm 1): at each step but the first its full answer,
 * then trials layer by layer, each with what was chosen for the layers before it, then the step as chosen.
 */
export class SearchSteps {
  readonly #layers: number;
  readonly #threshold: number;
  readonly #found: SharingMethod[][];
  /** Of the step at work, as far as it is chosen. */
  #chosen: SharingMethod[] = [];
  #candidate = 0;
  #step = 0;
  #pass: Pass = "keep";
  #candidates = CANDIDATES;

  constructor(options: {
    readonly layers: number;
    readonly threshold: number;
    /** Steps that are known already. */
    readonly found: readonly (readonly SharingMethod[])[];
  }) {
    this.#layers = options.layers;
    this.#threshold = options.threshold;
    this.#found = options.found.map((row) => [...row]);
    this.#chosen = this.#found[0] ?? new Array<SharingMethod>(options.layers).fill("full");
  }

  get step(): number {
    return this.#step;
  }

  get pass(): Pass {
    return this.#pass;
  }

  /** Layers of this step that are chosen. */
  get layersChosen(): number {
    return this.#chosen.length;
  }

  /** [steps][layers], of the steps that are done or were known. */
  get found(): readonly (readonly SharingMethod[])[] {
    return this.#found;
  }

  /** What a layer does in this pass. */
  methodOf(layer: number): SharingMethod {
    if (this.#pass === "reference") return "full";
    const chosen = this.#chosen[layer];
    if (chosen !== undefined) return chosen;
    return layer === this.#chosen.length ? this.#candidates[this.#candidate]! : "full";
  }

  /** The reference is known: the trials begin. Without guidance its branches have nothing to share. */
  begin({ guided }: { readonly guided: boolean }): void {
    this.#candidates = CANDIDATES.filter((method) => guided || !sharesGuidance(method));
    this.#pass = "trial";
  }

  /** How far a trial's answer was from the reference. */
  judge(difference: number): void {
    const layer = this.#chosen.length;
    if (difference < ((layer + 1) / this.#layers) * this.#threshold) {
      this.#choose(this.#candidates[this.#candidate]!);
    } else if (this.#candidate + 1 < this.#candidates.length) {
      this.#candidate += 1;
    } else {
      this.#choose("full");
    }
  }

  /** The step was computed as chosen: on to the next. */
  next(): void {
    this.#found[this.#step] = this.#chosen;
    this.#step += 1;
    const known = this.#found[this.#step];
    this.#chosen = known ?? [];
    this.#pass = known === undefined ? "reference" : "keep";
  }

  #choose(method: SharingMethod): void {
    this.#chosen.push(method);
    this.#candidate = 0;
    if (this.#chosen.length === this.#layers) this.#pass = "keep";
  }
}
