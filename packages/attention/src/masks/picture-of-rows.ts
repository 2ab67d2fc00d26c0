import type { GuidanceBranch } from "../strategy.js";

/**
 * Which picture each batch row belongs to, 0-based: the first row of every guidance branch is of the first picture, and
 * so on. Masks are made per picture, so that a picture does not depend on those drawn beside it.
 */
export function pictureOfRows(branches: readonly GuidanceBranch[]): readonly number[] {
  const next = { unconditional: 0, conditional: 0 };
  return branches.map((branch) => next[branch]++);
}
