import { type HeadView, type LayerView, type Plan, planMask } from "@paroattn/attention";
import { type AxisOrder, axisOrders, partitionLayout, videoLayout } from "@paroattn/reorder";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { COLOURS, GREYS, type Rgb } from "../src/inspect/colour-scale.js";
import { describeBucket, describeOrder } from "../src/inspect/describe.js";
import { glyphsOf } from "../src/inspect/glyphs.js";
import { drawHead } from "../src/inspect/head-picture.js";
import { mapGrid, mapPixels } from "../src/inspect/map-pixels.js";
import { massAt, massPosition, massScale } from "../src/inspect/mass-scale.js";
import { ACCENT } from "../src/inspect/palette.js";
import { drawText, textWidth, wrapText } from "../src/inspect/text.js";

/** Only what a picture tells of a plan. */
const subject = {
  prompt: "a cat & <b>",
  seed: 7,
  plan: {
    blockSize: 64,
    density: { asked: 0.3, met: 0.3 },
    scoring: { orders: "chosen", alpha: 0.5, sigma: 0.9, epsilon: 1e-3 },
  } as Plan,
};

/** A head of a video with text: 6 orders, 3 blocks of text and 3 of the grid, every other block kept. */
function videoView(planned: AxisOrder): { view: LayerView; head: HeadView } {
  const layout = videoLayout({ frames: 4, height: 6, width: 7, textTokens: 150 });
  const partition = partitionLayout(layout);
  const { blocks } = partition;
  const masks = new Uint8Array(Math.ceil((blocks * blocks) / 8)).fill(0b01010101);
  masks[masks.length - 1]! &= 0b1111;
  const plan = { layout, blockSize: 64, layers: 1, heads: 1, masks } as unknown as Plan;
  const head: HeadView = {
    head: 3,
    planned,
    cheapest: "FHW",
    orders: axisOrders(layout).map((order, index) => ({
      order,
      sparse: 0.5,
      quant: 3,
      cost: 0,
      masses: Float64Array.from(
        { length: blocks * blocks },
        (_, block) => 0.3 * Math.abs(Math.sin(index + block * block)),
      ),
    })),
    mask: planMask(plan, { bucket: 0, layer: 0 }),
    density: 0.5,
    keptMass: 0.6,
  };
  const view: LayerView = {
    layer: 2,
    step: 1,
    steps: 4,
    timestep: 600,
    branches: ["unconditional", "conditional"],
    layout,
    partition,
    bucket: { index: 0, from: 500, below: undefined },
    heads: [head],
  };
  return { view, head };
}

/** Reads pixels of a PNG. */
async function pixelsOf(png: Buffer): Promise<(x: number, y: number) => Rgb> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  return (x, y) => {
    const at = (y * info.width + x) * 3;
    return [data[at]!, data[at + 1]!, data[at + 2]!];
  };
}

describe("drawHead", () => {
  it("draws a panel per order and the mask, each block in the colour of its mass", async () => {
    const { view, head } = videoView("WFH");
    const { png, width, height, maps, grid } = await drawHead(subject, view, head);
    const metadata = await sharp(png).metadata();
    expect([metadata.format, metadata.width, metadata.height]).toEqual(["png", width, height]);
    expect(maps).toHaveLength(7);
    const { blocks } = view.partition;
    expect(grid).toMatchObject({ pool: 1, cells: blocks, scale: Math.ceil(448 / blocks) });
    const pixel = await pixelsOf(png);
    const scale = massScale(blocks);
    const planned = head.orders.find(({ order }) => order === "WFH")!;
    for (const [index, { x, y }] of maps.entries()) {
      const { masses } = head.orders[index] ?? planned;
      masses.forEach((mass, block) => {
        const [query, key] = [Math.floor(block / blocks), block % blocks];
        const isDropped = index === 6 && !head.mask.get(0, query, key);
        const colours = isDropped ? GREYS : COLOURS;
        const middle = (cell: number) => Math.floor((cell + 0.5) * grid.scale);
        expect(pixel(x + middle(key), y + middle(query))).toEqual(
          colours[Math.round(massPosition(scale, mass) * 255)],
        );
      });
    }
  });

  it("frames the plan's order alone", async () => {
    for (const planned of ["FHW", "HWF"] as const) {
      const { view, head } = videoView(planned);
      const { png, maps } = await drawHead(subject, view, head);
      const pixel = await pixelsOf(png);
      const accent = [1, 3, 5].map((at) => Number.parseInt(ACCENT.slice(at, at + 2), 16));
      // The card begins 16 pixels left of its map.
      const framed = maps.map(({ x, y }) => pixel(x - 16, y + 20).join() === accent.join());
      const orders = head.orders.map(({ order }) => order === planned);
      expect(framed).toEqual([...orders, false]);
    }
  });

  it("draws a line between text and grid", async () => {
    const { view, head } = videoView("FHW");
    const { png, maps, grid } = await drawHead(subject, view, head);
    const pixel = await pixelsOf(png);
    const { x, y } = maps[0]!;
    const border = view.partition.textBlocks.end * grid.scale;
    const lightest = ([r, g, b]: Rgb) => Math.min(r, g, b);
    for (const at of [10, 200, 400]) {
      expect(lightest(pixel(x + border, y + at))).toBeGreaterThan(180);
      expect(lightest(pixel(x + at, y + border))).toBeGreaterThan(180);
    }
  });
});

describe("mapPixels", () => {
  it("gives blocks that share a cell their mean colour", () => {
    const scale = massScale(5);
    const masses = Float64Array.from({ length: 25 }, (_, block) => block / 25);
    // Two pixels a side are less than a block each: 3 x 3 cells of 2 x 2 blocks, the last ones of fewer.
    const grid = mapGrid(5, 2);
    expect(grid).toEqual({ pool: 2, cells: 3, scale: 1, edge: 3 });
    const { data } = mapPixels({ masses, blocks: 5, scale, grid });
    const meanOf = (...blocks: number[]) =>
      [0, 1, 2].map((channel) => {
        const colours = blocks.map((block) => massPosition(scale, masses[block]!) * 255);
        const sum = colours.reduce((total, at) => total + COLOURS[Math.round(at)]![channel]!, 0);
        return Math.round(sum / blocks.length);
      });
    expect([...data.subarray(0, 3)]).toEqual(meanOf(0, 1, 5, 6));
    expect([...data.subarray(6, 9)]).toEqual(meanOf(4, 9));
    expect([...data.subarray(24, 27)]).toEqual(meanOf(24));
  });

  it("makes grids of whole pixels between an edge and twice as much", () => {
    for (const blocks of [1, 7, 64, 278, 448, 895, 896, 5000]) {
      const { pool, cells, scale: pixels, edge } = mapGrid(blocks, 448);
      expect(edge).toBeGreaterThanOrEqual(448);
      expect(edge).toBeLessThan(896);
      expect(cells * pool).toBeGreaterThanOrEqual(blocks);
      expect(edge).toBe(cells * pixels);
    }
  });
});

describe("scales", () => {
  it("places masses by their logarithm, uniform attention in the middle", () => {
    const scale = massScale(64);
    expect(massPosition(scale, 1 / 64)).toBe(0.5);
    for (const position of [0, 0.25, 0.7, 1]) {
      expect(massPosition(scale, massAt(scale, position))).toBeCloseTo(position, 12);
    }
    expect([0, 1e-9, 1].map((mass) => massPosition(scale, mass))).toEqual([0, 0, 1]);
    // A map of a single block has one mass, 1.
    expect(massPosition(massScale(1), 1)).toBe(0.5);
  });

  it.each([
    ["colours", COLOURS],
    ["greys", GREYS],
  ])("has %s of even steps that go from one end of lightness to the other", (_, colours) => {
    expect(colours).toHaveLength(256);
    const lab = colours.map(toOkLab);
    const lightness = lab.map(([l]) => l);
    const falls = lightness[0]! > lightness[255]!;
    for (let i = 16; i < 256; i++) {
      expect(lightness[i]! > lightness[i - 16]!).toBe(!falls);
    }
    // Over 15 steps, so that rounding to 8 bits (at most 0.004 a colour) does not count.
    const strides = Array.from({ length: 17 }, (_, i) => {
      const [a, b] = [lab[15 * i]!, lab[15 * (i + 1)]!];
      return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    });
    const mean = strides.reduce((sum, stride) => sum + stride, 0) / strides.length;
    for (const stride of strides) expect(Math.abs(stride / mean - 1)).toBeLessThan(0.2);
  });
});

/** sRGB to OKLab (Ottosson 2020). */
function toOkLab(colour: Rgb): readonly [number, number, number] {
  const [r, g, b] = colour.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

describe("text", () => {
  const missing = glyphsOf("日")[0]!;

  it("has a letter for every printable ASCII character, each its own", () => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
    const paths = ascii.map((character) => glyphsOf(character)[0]!.path);
    expect(new Set(paths).size).toBe(95);
    expect(paths).not.toContain(missing.path);
    expect(glyphsOf("Größe “é”").map(({ path }) => path)).toEqual(
      glyphsOf('Grosse "e"').map(({ path }) => path),
    );
  });

  it("needs no fonts and stays within its width", async () => {
    const size = 40;
    const text = "Wq{j}|g_ 0189 @";
    const line = drawText(text, { x: 10, y: 50, size, colour: "#000" });
    expect(line).not.toContain("<text");
    const width = Math.ceil(textWidth(text, size)) + 20;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 100}" height="80"><rect width="100%" height="100%" fill="#fff"/>${line}</svg>`;
    const { info } = await sharp(Buffer.from(svg)).trim().toBuffer({ resolveWithObject: true });
    // The strokes' round ends reach over by half their width, on both sides.
    expect(Math.abs(info.width - textWidth(text, size))).toBeLessThan(8);
    expect(info.height).toBeGreaterThan(size * 0.8);
    expect(info.height).toBeLessThan(size * 1.15);
  });

  it("wraps at words and ends in dots where the lines are not enough", () => {
    const words = "one two three four five six seven eight nine ten";
    const width = textWidth("one two three four", 15);
    expect(wrapText(words, { size: 15, width, lines: 9 }).join(" ")).toBe(words);
    const two = wrapText(words, { size: 15, width, lines: 2 });
    expect(two).toHaveLength(2);
    expect(two[1]).toMatch(/…$/);
    const long = wrapText("x".repeat(500), { size: 15, width, lines: 3 });
    expect(long).toHaveLength(1);
    for (const line of [...two, ...long]) expect(textWidth(line, 15)).toBeLessThanOrEqual(width);
    expect(wrapText("  ", { size: 15, width, lines: 2 })).toEqual([]);
  });

  it("names orders and timesteps", () => {
    const video = videoView("FHW").view.layout;
    const image = { ...video, frames: 1 };
    expect(describeOrder("HW", image)).toBe("row by row, as it stands");
    expect(describeOrder("WH", image)).toBe("column by column");
    expect(describeOrder("WFH", video)).toBe("by column, then frame");
    const bucket = { index: 0, from: undefined, below: undefined };
    expect(describeBucket(bucket)).toBe("all timesteps");
    expect(describeBucket({ ...bucket, from: 500.25 })).toBe("timesteps from 500.3");
    expect(describeBucket({ ...bucket, below: 500 })).toBe("timesteps below 500");
    expect(describeBucket({ ...bucket, from: 1, below: 2 })).toBe("timesteps from 1 to 2");
  });
});
