import type { HeadView } from "@paroattn/attention";
import { COLOURS, colourAt, GREYS } from "./colour-scale.js";
import { type MassScale, massPosition } from "./mass-scale.js";

/** A square of pixels, 3 bytes each. */
export interface MapPixels {
  readonly edge: number;
  readonly data: Uint8Array;
}

/** How blocks become pixels: `pool` by `pool` blocks share a cell, and a cell is `scale` by `scale` pixels. */
export interface MapGrid {
  readonly pool: number;
  readonly cells: number;
  readonly scale: number;
  readonly edge: number;
}

/**
 * The smallest grid of whole pixels with an edge of at least `smallestEdge`; its edge is less than twice that. Where
 * there are more blocks than such an edge has pixels, some share one.
 */
export function mapGrid(blocks: number, smallestEdge: number): MapGrid {
  const pool = Math.ceil(blocks / (2 * smallestEdge - 1));
  const cells = Math.ceil(blocks / pool);
  const scale = Math.ceil(smallestEdge / cells);
  return { pool, cells, scale, edge: cells * scale };
}

/**
 * A map of block masses. Over it, a mask leaves kept blocks in colour and turns dropped ones grey, the darker the more
 * mass they had. Blocks that share a cell give it their mean colour.
 */
export function mapPixels(options: {
  /** [blocks, blocks] */
  readonly masses: Float64Array;
  readonly blocks: number;
  /** Of one head. */
  readonly mask?: HeadView["mask"];
  readonly scale: MassScale;
  readonly grid: MapGrid;
}): MapPixels {
  const { masses, blocks, mask, scale, grid } = options;
  const { edge } = grid;
  const data = new Uint8Array(edge * edge * 3);
  for (let row = 0; row < grid.cells; row++) {
    for (let column = 0; column < grid.cells; column++) {
      const colour = [0, 0, 0];
      let count = 0;
      for (const query of poolOf(row, grid.pool, blocks)) {
        for (const key of poolOf(column, grid.pool, blocks)) {
          const colours = mask === undefined || mask.get(0, query, key) ? COLOURS : GREYS;
          const position = massPosition(scale, masses[query * blocks + key]!);
          colourAt(colours, position).forEach((value, channel) => {
            colour[channel]! += value;
          });
          count++;
        }
      }
      const mean = colour.map((value) => Math.round(value / count));
      for (let y = row * grid.scale; y < (row + 1) * grid.scale; y++) {
        for (let x = column * grid.scale; x < (column + 1) * grid.scale; x++) {
          data.set(mean, (y * edge + x) * 3);
        }
      }
    }
  }
  return { edge, data };
}

/** The blocks of a cell. */
function* poolOf(cell: number, pool: number, blocks: number): Generator<number> {
  for (let block = cell * pool; block < Math.min(blocks, (cell + 1) * pool); block++) yield block;
}
