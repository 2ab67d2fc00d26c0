/** How a picture is cut into tiles, in latents. */
export interface Tiling {
  readonly height: number;
  readonly width: number;
  /** Share of a tile that lies over the one above, and over the one to the left; at least so many whole latents do. */
  readonly overlapHeight: number;
  readonly overlapWidth: number;
}

/** Tiles of one axis. */
export interface TiledAxis {
  /** From where to where each tile reads, in latents; the last ones may be shorter. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Pixels over which a tile passes into the next. */
  readonly blend: number;
  /** Pixels of each tile that are kept, from its beginning. */
  readonly kept: number;
}

/**
 * Cuts one axis; `factor` is pixels per latent. Without a tile size it is one tile. Upstream: `tiled_decode`, which rounds
 * the overlap to pixels by itself and so shifts the tiles where that is no whole number of latents.
 */
export function tileAxis(options: {
  readonly size: number;
  readonly factor: number;
  readonly tile?: number;
  readonly overlap?: number;
}): TiledAxis {
  const { size, factor, tile = size, overlap = 0 } = options;
  const stride = Math.max(1, Math.floor(tile * (1 - overlap)));
  const count = Math.ceil(size / stride);
  const ranges = Array.from({ length: count }, (_, i) => {
    const start = i * stride;
    return [start, Math.min(start + tile, size)] as const;
  });
  return { ranges, blend: (tile - stride) * factor, kept: stride * factor };
}

/** A decoded tile on the host: planes of height x width, as many as batch, channels and frames make. */
export interface Tile {
  readonly data: Float32Array;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
}

/** Passes from the lower edge of `above` into the upper edge of `tile`, in place. Upstream: `blend_v`. */
export function blendFromAbove(above: Tile, tile: Tile, blend: number): void {
  const rows = Math.min(above.height, tile.height, blend);
  for (let plane = 0; plane < tile.planes; plane++) {
    for (let y = 0; y < rows; y++) {
      const from = (plane * above.height + above.height - rows + y) * above.width;
      const to = (plane * tile.height + y) * tile.width;
      for (let x = 0; x < tile.width; x++) {
        tile.data[to + x] = mix(above.data[from + x]!, tile.data[to + x]!, y / rows);
      }
    }
  }
}

/** Passes from the right edge of `left` into the left edge of `tile`, in place. Upstream: `blend_h`. */
export function blendFromLeft(left: Tile, tile: Tile, blend: number): void {
  const columns = Math.min(left.width, tile.width, blend);
  for (let row = 0; row < tile.planes * tile.height; row++) {
    const from = (row + 1) * left.width - columns;
    const to = row * tile.width;
    for (let x = 0; x < columns; x++) {
      tile.data[to + x] = mix(left.data[from + x]!, tile.data[to + x]!, x / columns);
    }
  }
}

function mix(before: number, after: number, share: number): number {
  return before * (1 - share) + after * share;
}

/** Writes the upper left `rows` x `columns` of a tile into a larger one. */
export function placeTile(options: {
  readonly tile: Tile;
  readonly rows: number;
  readonly columns: number;
  readonly into: Tile;
  readonly top: number;
  readonly left: number;
}): void {
  const { tile, rows, columns, into, top, left } = options;
  for (let plane = 0; plane < tile.planes; plane++) {
    for (let y = 0; y < rows; y++) {
      const from = (plane * tile.height + y) * tile.width;
      const to = (plane * into.height + top + y) * into.width + left;
      into.data.set(tile.data.subarray(from, from + columns), to);
    }
  }
}
