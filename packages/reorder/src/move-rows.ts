import { copyRow } from "./copy-rows.js";
import { moveWeave } from "./move-weave.js";
import type { RowMove } from "./row-move.js";
import { cutIntoWeaves } from "./weave.js";

/** A tile of so many bytes stays in the second-level cache while it is read and written. */
const TILE_BYTES = 524288;

export interface MoveRowsOptions extends RowMove {
  /** Default: 524,288. */
  readonly tileBytes?: number;
}

/** Moves rows as indices say: stretches that stay together at once, woven ones in tiles. */
export function moveRows(options: MoveRowsOptions): void {
  const { source, target, rowWords, indices, direction, tileBytes = TILE_BYTES } = options;
  const tileRows = Math.max(1, Math.floor(tileBytes / (rowWords * source.BYTES_PER_ELEMENT)));
  for (const weave of cutIntoWeaves(indices)) {
    if (weave.strands > 1) {
      moveWeave({ source, target, rowWords, indices, direction, weave, tileRows });
      continue;
    }
    const position = weave.start * rowWords;
    const token = (indices[weave.start] as number) * rowWords;
    const words = weave.length * rowWords;
    if (direction === "gather") copyRow(source, target, token, position, words);
    else copyRow(source, target, position, token, words);
  }
}
