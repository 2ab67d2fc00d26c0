/** Uniform attention lies this many decades above the darkest colour, or up to one more. */
const DECADES_BELOW_UNIFORM = 1;

/** The logarithmic scale of block masses; the same for all heads of a model, so that pictures can be compared. */
export interface MassScale {
  /** Powers of ten at both ends; the upper one is 0, all of a query's attention. */
  readonly lowest: number;
  readonly highest: 0;
  /** The mass of every block where attention is uniform (and no block is short). */
  readonly uniform: number;
}

export function massScale(blocks: number): MassScale {
  const uniform = 1 / blocks;
  const lowest = Math.floor(Math.log10(uniform)) - DECADES_BELOW_UNIFORM;
  return { lowest, highest: 0, uniform };
}

/** Where a mass lies on the scale: 0 at the lowest power of ten and below, 1 at all of the attention. */
export function massPosition({ lowest, highest }: MassScale, mass: number): number {
  if (!(mass > 0)) return 0;
  return Math.min(1, Math.max(0, (Math.log10(mass) - lowest) / (highest - lowest)));
}
