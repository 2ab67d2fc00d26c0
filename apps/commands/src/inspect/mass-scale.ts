/** How far the scale reaches from uniform attention, either way; a map of fewer blocks needs less. */
const LARGEST_REACH = 16;

/**
 * The logarithmic scale of block masses, the same for all heads of a model, so that pictures can be compared. Uniform
 * attention is in its middle: what is brighter gets more than its share.
 */
export interface MassScale {
  /** The mass of every block where attention is uniform (and no block is short). */
  readonly uniform: number;
  /** The scale goes from uniform / reach to uniform * reach. */
  readonly reach: number;
}

export function massScale(blocks: number): MassScale {
  return { uniform: 1 / blocks, reach: Math.min(LARGEST_REACH, Math.max(2, blocks)) };
}

/** Where a mass lies on the scale: 0 at its lower end and below, 1 at its upper end and above. */
export function massPosition({ uniform, reach }: MassScale, mass: number): number {
  if (!(mass > 0)) return 0;
  const position = 0.5 + 0.5 * (Math.log(mass / uniform) / Math.log(reach));
  return Math.min(1, Math.max(0, position));
}

/** The mass at a position from 0 to 1. */
export function massAt({ uniform, reach }: MassScale, position: number): number {
  return uniform * reach ** (2 * position - 1);
}
