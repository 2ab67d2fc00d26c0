import { refuse } from "../errors.js";

/** One budget over all heads: easy heads pay for hard ones (PAROAttention §4.2; the default of this project). */
export interface GlobalBudgetCriterion {
  readonly kind: "globalBudget";
  /** Share of all valid query-key pairs to compute, in (0, 1], over all buckets, layers and heads. */
  readonly density: number;
}

/** The same budget for every head: its heaviest blocks. */
export interface HeadDensityCriterion {
  readonly kind: "headDensity";
  /** Share of the valid query-key pairs of each head to compute, in (0, 1]. */
  readonly density: number;
}

/** A fixed threshold: what is heavier is kept, wherever it stands. */
export interface ThresholdCriterion {
  readonly kind: "threshold";
  /** Blocks with more mass than this are kept; 0 or more. A row's masses sum to 1, so 1 / blocks is the mean. */
  readonly threshold: number;
}

/** Cumulative mass per query block (top-p): its fewest key blocks, heaviest first, that hold the share asked for. */
export interface TopPCriterion {
  readonly kind: "topP";
  /** Share of each query block's mass to keep, in (0, 1]. Forced blocks count towards it. */
  readonly mass: number;
}

/**
 * How blocks are chosen from their masses. Plain data, so that one can be stored and swapped for another. Whatever the kind,
 * text rows and columns are kept, and the heaviest visual key block of each visual query block, but for heads that look only at text.
 */
export type MaskCriterion =
  | GlobalBudgetCriterion
  | HeadDensityCriterion
  | ThresholdCriterion
  | TopPCriterion;

/** Throws a `SparseMaskError` for an unknown kind or a parameter out of range. */
export function checkCriterion(criterion: MaskCriterion): void {
  switch (criterion.kind) {
    case "globalBudget":
    case "headDensity":
      checkShare("density", criterion.density);
      break;
    case "topP":
      checkShare("mass", criterion.mass);
      break;
    case "threshold": {
      const { threshold } = criterion;
      if (!(threshold >= 0 && threshold < Number.POSITIVE_INFINITY)) {
        refuse("a finite threshold of 0 or more", threshold);
      }
      break;
    }
    default:
      refuse(
        'criterion kind "globalBudget", "headDensity", "threshold" or "topP"',
        (criterion as { readonly kind: unknown }).kind,
      );
  }
}

function checkShare(name: string, share: number): void {
  if (!(share > 0 && share <= 1)) refuse(`${name} in (0, 1]`, share);
}
