/**
 * A stretch of a gather, from position `start` on: `strands` runs of `length` neighbouring tokens, woven into each other.
 * Position start + b * strands + a holds token indices[start + a] + b, for a below `strands` and b below `length`.
 * One strand is a run that stays together; strands of length 1 are any tokens at all.
 */
export interface Weave {
  readonly start: number;
  readonly strands: number;
  readonly length: number;
}

/**
 * Cuts a gather into weaves, first to last. The order of an axis is a few of them, whichever it is: in `HWF` all frames are
 * strands of one weave, in `FWH` each frame is a weave whose strands are its rows, and where width stays the fastest axis
 * each row is a weave of one strand. Takes time in proportion to the number of indices, whatever they are.
 */
export function cutIntoWeaves(indices: Uint32Array): Weave[] {
  const weaves: Weave[] = [];
  const rows = indices.length;
  // The neighbour of an axis order stands near, so it is searched for; a table of all positions costs more than the search,
  // and is made where steps as many as there are rows have been spent on it.
  let steps = rows;
  let positions: Uint32Array | undefined;
  for (let start = 0; start < rows; ) {
    const neighbour = (indices[start] as number) + 1;
    const end = Math.min(rows, start + 1 + steps);
    let position = start + 1;
    while (position < end && indices[position] !== neighbour) position++;
    steps -= position - start - 1;
    if (position === end) {
      position = start;
      if (end < rows) {
        positions ??= positionsOf(indices);
        position = positions[neighbour] ?? start;
      }
    }
    const weave =
      position > start
        ? measure(indices, start, position - start)
        : { start, strands: 1, length: 1 };
    weaves.push(weave);
    start += weave.strands * weave.length;
  }
  return weaves;
}

/** [tokens]: where each token stands; anything for a token that no position holds. */
function positionsOf(indices: Uint32Array): Uint32Array {
  const positions = new Uint32Array(indices.length);
  for (let position = 0; position < indices.length; position++) {
    positions[indices[position] as number] = position;
  }
  return positions;
}

/** How far positions `strands` apart hold neighbouring tokens. */
function measure(indices: Uint32Array, start: number, strands: number): Weave {
  let end = start + strands;
  while (end < indices.length && indices[end] === (indices[end - strands] as number) + 1) end++;
  const length = Math.floor((end - start) / strands);
  // What was compared in vain is passed over, so that nothing is compared again.
  return length > 1
    ? { start, strands, length }
    : { start, strands: Math.max(1, end - start - strands), length: 1 };
}
