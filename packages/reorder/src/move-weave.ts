import { copyRows, isLongRow, setRow } from "./copy-rows.js";
import type { RowMove } from "./row-move.js";
import type { Weave } from "./weave.js";

export interface MoveWeaveOptions extends RowMove {
  readonly weave: Weave;
  /** Rows of a tile. */
  readonly tileRows: number;
}

/**
 * Moves the rows of a weave. Memory likes neighbours, and a weave has them along its strands in token order and across them
 * in position order, never both: so it is moved in tiles of some strands by some of their rows, which the cache holds
 * from the first touch to the last.
 */
export function moveWeave(options: MoveWeaveOptions): void {
  const { weave, tileRows } = options;
  const { strands, length } = weave;
  const move = isLongRow(options.source, options.rowWords) ? setTile : copyTile;
  const edge = Math.ceil(Math.sqrt(tileRows));
  const along = Math.min(length, Math.max(1, Math.floor(tileRows / Math.min(strands, edge))));
  const across = Math.min(strands, Math.max(1, Math.floor(tileRows / along)));
  for (let b = 0; b < length; b += along) {
    const rowEnd = Math.min(length, b + along);
    for (let a = 0; a < strands; a += across) {
      move(options, { a, strandEnd: Math.min(strands, a + across), b, rowEnd });
    }
  }
}

/** Strands from `a` up to `strandEnd`, of each the rows from `b` up to `rowEnd`. */
interface Tile {
  readonly a: number;
  readonly strandEnd: number;
  readonly b: number;
  readonly rowEnd: number;
}

/** Row by row, in the order of the source: what is read ahead is read from memory, what is written waits in the cache. */
function setTile(options: MoveWeaveOptions, tile: Tile): void {
  const { source, target, rowWords, indices, direction, weave } = options;
  const { start, strands } = weave;
  const { a, strandEnd, b, rowEnd } = tile;
  if (direction === "gather") {
    for (let strand = a; strand < strandEnd; strand++) {
      const token = indices[start + strand] as number;
      for (let row = b; row < rowEnd; row++) {
        const position = start + row * strands + strand;
        setRow(source, target, (token + row) * rowWords, position * rowWords, rowWords);
      }
    }
  } else {
    for (let row = b; row < rowEnd; row++) {
      for (let strand = a; strand < strandEnd; strand++) {
        const position = start + row * strands + strand;
        const token = (indices[start + strand] as number) + row;
        setRow(source, target, position * rowWords, token * rowWords, rowWords);
      }
    }
  }
}

/** Strand by strand, because the rows of a strand lie at equal distances on either side. */
function copyTile(options: MoveWeaveOptions, tile: Tile): void {
  const { source, target, rowWords, indices, direction, weave } = options;
  const gather = direction === "gather";
  const strandStep = weave.strands * rowWords;
  for (let strand = tile.a; strand < tile.strandEnd; strand++) {
    const token = ((indices[weave.start + strand] as number) + tile.b) * rowWords;
    const position = (weave.start + tile.b * weave.strands + strand) * rowWords;
    copyRows(source, target, {
      from: gather ? token : position,
      fromStep: gather ? rowWords : strandStep,
      to: gather ? position : token,
      toStep: gather ? strandStep : rowWords,
      rows: tile.rowEnd - tile.b,
      words: rowWords,
    });
  }
}
