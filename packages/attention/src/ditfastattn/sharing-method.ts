/**
 * What DiTFastAttn can do at a site (section 3), most saving last but `full`: `shareGuidance` computes the conditional branch alone
 * and answers with it for both; `window` computes a window and adds what it last missed; `shareStep` answers with the last
 * output and projects nothing.
 */
export const SHARING_METHODS = [
  "full",
  "shareGuidance",
  "window",
  "windowShareGuidance",
  "shareStep",
] as const;

export type SharingMethod = (typeof SHARING_METHODS)[number];

export function sharesGuidance(method: SharingMethod): boolean {
  return method === "shareGuidance" || method === "windowShareGuidance";
}

export function isWindowed(method: SharingMethod): boolean {
  return method === "window" || method === "windowShareGuidance";
}

/** What of a site is needed at later steps. */
export interface LaterUse {
  readonly output: boolean;
  readonly residual: boolean;
}

/** What of a layer's site is needed after a step: [steps][layers]. */
export function laterUse(
  methods: readonly (readonly SharingMethod[])[],
  at: { readonly step: number; readonly layer: number },
): LaterUse {
  const after = methods.slice(at.step + 1).map((layers) => layers[at.layer]!);
  const next = after.find((method) => method !== "shareStep");
  return {
    output: after[0] === "shareStep",
    residual: next !== undefined && isWindowed(next),
  };
}
