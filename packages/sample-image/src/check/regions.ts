/** Pixels of a picture by their row-major indices. */
export type Region = readonly number[];

export interface Grid {
  readonly width: number;
  readonly height: number;
}

/** The pixels that can be reached from `start` through pixels that belong, over the four sides. Marks them in `seen`. */
export function flood(options: {
  readonly grid: Grid;
  readonly start: Region;
  readonly seen: Uint8Array;
  readonly belongs: (pixel: number) => boolean;
}): Region {
  const { grid, start, seen, belongs } = options;
  const region: number[] = [];
  const visit = (pixel: number) => {
    if (seen[pixel] !== 0 || !belongs(pixel)) return;
    seen[pixel] = 1;
    region.push(pixel);
  };
  for (const pixel of start) visit(pixel);
  for (let next = 0; next < region.length; next++) {
    const pixel = region[next]!;
    const x = pixel % grid.width;
    if (x > 0) visit(pixel - 1);
    if (x < grid.width - 1) visit(pixel + 1);
    if (pixel >= grid.width) visit(pixel - grid.width);
    if (pixel < grid.width * (grid.height - 1)) visit(pixel + grid.width);
  }
  return region;
}

/** All connected regions of the pixels that belong. */
export function connectedRegions(grid: Grid, belongs: (pixel: number) => boolean): Region[] {
  const seen = new Uint8Array(grid.width * grid.height);
  const regions: Region[] = [];
  for (let pixel = 0; pixel < seen.length; pixel++) {
    const region = flood({ grid, start: [pixel], seen, belongs });
    if (region.length > 0) regions.push(region);
  }
  return regions;
}

/** The inner half of a region, the pixels farthest from its edge: free of the mixtures that an edge is made of. */
export function core(grid: Grid, region: Region): Region {
  const depth = new Map(region.map((pixel) => [pixel, 0]));
  let layer = region.filter((pixel) => neighbours(grid, pixel).some((other) => !depth.has(other)));
  const peeled: number[] = [];
  while (layer.length > 0) {
    for (const pixel of layer) depth.set(pixel, 1);
    peeled.push(...layer);
    const next = new Set<number>();
    for (const pixel of layer) {
      for (const other of neighbours(grid, pixel)) if (depth.get(other) === 0) next.add(other);
    }
    layer = [...next];
  }
  // A region without an edge fills the picture.
  return peeled.length === 0 ? region : peeled.slice(Math.floor(peeled.length / 2));
}

function neighbours({ width, height }: Grid, pixel: number): number[] {
  const x = pixel % width;
  const found: number[] = [];
  if (x > 0) found.push(pixel - 1);
  if (x < width - 1) found.push(pixel + 1);
  if (pixel >= width) found.push(pixel - width);
  if (pixel < width * (height - 1)) found.push(pixel + width);
  return found;
}
