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
  for (let next = 0; next < region.length; next++) forNeighbours(grid, region[next]!, visit);
  return region;
}

/** All connected regions of the pixels that belong. */
export function connectedRegions(grid: Grid, belongs: (pixel: number) => boolean): Region[] {
  const seen = new Uint8Array(grid.width * grid.height);
  const regions: Region[] = [];
  for (let pixel = 0; pixel < seen.length; pixel++) {
    if (seen[pixel] !== 0 || !belongs(pixel)) continue;
    regions.push(flood({ grid, start: [pixel], seen, belongs }));
  }
  return regions;
}

/** The inner half of a region, the pixels farthest from its edge: free of the mixtures that an edge is made of. */
export function core(grid: Grid, region: Region): Region {
  const outside = new Uint8Array(grid.width * grid.height).fill(1);
  for (const pixel of region) outside[pixel] = 0;
  // Peeled in layers from the edge inwards.
  const peeled = region.filter((pixel) => {
    let edge = false;
    forNeighbours(grid, pixel, (other) => {
      edge ||= outside[other] === 1;
    });
    return edge;
  });
  const visit = (pixel: number) => {
    if (outside[pixel] !== 0) return;
    outside[pixel] = 1;
    peeled.push(pixel);
  };
  for (const pixel of peeled) outside[pixel] = 1;
  for (let next = 0; next < peeled.length; next++) forNeighbours(grid, peeled[next]!, visit);
  // A region without an edge fills the picture.
  return peeled.length === 0 ? region : peeled.slice(Math.floor(peeled.length / 2));
}

function forNeighbours(
  { width, height }: Grid,
  pixel: number,
  visit: (neighbour: number) => void,
): void {
  const x = pixel % width;
  if (x > 0) visit(pixel - 1);
  if (x < width - 1) visit(pixel + 1);
  if (pixel >= width) visit(pixel - width);
  if (pixel < width * (height - 1)) visit(pixel + width);
}
