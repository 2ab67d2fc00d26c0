import { imageLayout, partitionLayout, type TokenLayout, videoLayout } from "@paroattn/reorder";
import { describe, expect, it } from "vitest";
import { StrategyError, type WindowMaskOptions, windowMask } from "../src/index.js";

/** One row of digits a query block, of the first head. */
function picture(options: Omit<WindowMaskOptions, "heads">): string[] {
  const { mask } = windowMask({ ...options, heads: 2 });
  const rows = Array.from({ length: mask.queryBlocks }, (_, query) =>
    Array.from({ length: mask.keyBlocks }, (_, key) => (mask.get(0, query, key) ? 1 : 0)).join(""),
  );
  const unpacked = mask.unpack();
  expect(unpacked.slice(0, unpacked.length / 2)).toEqual(unpacked.slice(unpacked.length / 2));
  return rows;
}

describe("windowMask", () => {
  // Four blocks, each a row of the raster: 1, 65 and 129 places apart.
  const rows = imageLayout({ height: 4, width: 64 });

  it("is a band on an image's raster, worked out by hand", () => {
    const width = (places: number) => ({ fraction: places / 256 });
    expect(picture({ layout: rows, width: width(1) })).toEqual(["1000", "0100", "0010", "0001"]);
    expect(picture({ layout: rows, width: width(64) })).toEqual(["1100", "1110", "0111", "0011"]);
    expect(picture({ layout: rows, width: width(129) })).toEqual(["1100", "1110", "0111", "0011"]);
    expect(picture({ layout: rows, width: width(130) })).toEqual(["1110", "1111", "1111", "0111"]);
    expect(windowMask({ layout: rows, heads: 1, width: width(64) })).toMatchObject({
      order: "HW",
      reach: 32,
      density: 10 / 16,
    });
    expect(picture({ layout: rows, width: { fraction: 2 } })).toEqual(Array(4).fill("1111"));
  });

  it("is the same place of every frame on a video, and all of the text, worked out by hand", () => {
    // 96 places in 2 frames: token-major, blocks hold places 0-31, 32-63, 64-95 of both.
    const layout = videoLayout({ frames: 2, height: 2, width: 48, textTokens: 3 });
    const width = { fraction: 10 / 96 };
    expect(picture({ layout, width })).toEqual(["1111", "1110", "1111", "1011"]);
    const { density, reach, order } = windowMask({ layout, heads: 1, width });
    expect([reach, order]).toEqual([5, "HWF"]);
    expect(density).toBeCloseTo((2 * 3 * 192 + 9 + 7 * 64 * 64) / 195 ** 2, 12);
    // Frame-major, a block is 2/3 of a frame: 0-63 | 64-95 and 0-31 | 32-95 share places.
    expect(picture({ layout, width, order: "FHW" })).toEqual(Array(4).fill("1111"));
    const after = videoLayout({ ...layout, textPosition: "after" });
    expect(picture({ layout: after, width })).toEqual(["1101", "1111", "0111", "1111"]);
  });

  it("executes what the layouts of published models make of the paper's 1/32", () => {
    // Tiles of 64 x 64, the short ones counted as whole, in percent.
    const tiles = (layout: TokenLayout, order?: "FHW") => {
      const width = { fraction: 1 / 32 };
      const { mask } = windowMask({ layout, heads: 1, width, ...(order && { order }) });
      return (100 * mask.count) / (mask.queryBlocks * mask.keyBlocks);
    };
    const cogvideo = videoLayout({ frames: 13, height: 30, width: 45 });
    expect(tiles(cogvideo)).toBeCloseTo(3.96, 2);
    expect(tiles(cogvideo, "FHW")).toBeCloseTo(12.5, 1);
    expect(tiles(imageLayout({ height: 64, width: 64 }))).toBeCloseTo(4.64, 2);
  });

  it("keeps every pair that the definition keeps, whatever the order", () => {
    const layout = videoLayout({ frames: 3, height: 7, width: 11, textTokens: 5 });
    const width = { fraction: 0.2 };
    for (const order of ["FHW", "WFH", "HWF", "WHF"] as const) {
      const { mask, reach } = windowMask({ layout, heads: 1, width, order });
      const seen = tokenPairs(layout, order, reach);
      expect(mask.unpack()).toEqual(seen);
    }
  });

  it("is the widest that a density allows", () => {
    const layout = videoLayout({ frames: 3, height: 7, width: 31, textTokens: 5 });
    const at = (density: number) => windowMask({ layout, heads: 1, width: { density } });
    const found = at(0.6);
    expect(found.density).toBeLessThanOrEqual(0.6);
    const wider = windowMask({
      layout,
      heads: 1,
      width: { fraction: (2 * (found.reach + 1)) / 217 },
    });
    expect(wider.reach).toBe(found.reach + 1);
    expect(wider.density).toBeGreaterThan(0.6);
    expect(at(1).density).toBe(1);
    const partition = partitionLayout(layout);
    expect(found.mask.density({ queryPartition: partition, keyPartition: partition })).toBeCloseTo(
      found.density,
      12,
    );
  });

  it.each([
    [rows, { fraction: 1 / 257 }, "a window of a fraction from 1 / 256, a token of a frame, to 2"],
    [rows, { fraction: 2.1 }, "found 2.1"],
    [rows, { fraction: Number.NaN }, "found NaN"],
    [rows, { density: 0.2 }, "from 0.2500, which its own place and the text take, to 1"],
    [rows, { density: 1.01 }, "found 1.01"],
    [imageLayout({ height: 8, width: 8 }), { fraction: 1 }, "at least 2 blocks of visual tokens"],
  ])("refuses what keeps nothing or drops nothing: %j, %j", (layout, width, message) => {
    let error: unknown;
    try {
      windowMask({ layout, heads: 1, width });
    } catch (thrown) {
      error = thrown;
    }
    expect(StrategyError.isInstance(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

/** [blocks, blocks]: 1 where any pair of tokens is within the reach, by going over all pairs. */
function tokenPairs(
  layout: TokenLayout,
  order: "FHW" | "WFH" | "HWF" | "WHF",
  reach: number,
): Uint8Array {
  const { frames, height, width, textTokens } = layout;
  const sizes = { F: frames, H: height, W: width };
  const [slow, middle, fast] = [...order] as [keyof typeof sizes, keyof typeof sizes, "F" | "H"];
  const places: number[] = [];
  for (let i = 0; i < sizes[slow]; i++) {
    for (let j = 0; j < sizes[middle]; j++) {
      for (let k = 0; k < sizes[fast]; k++) {
        const at = { F: 0, H: 0, W: 0, [slow]: i, [middle]: j, [fast]: k };
        places.push(at.H * width + at.W);
      }
    }
  }
  const blockOf = (index: number) => 1 + Math.floor(index / 64);
  const blocks = blockOf(places.length - 1) + 1;
  const live = new Uint8Array(blocks * blocks);
  for (let text = 0; text < Math.min(1, textTokens) * blocks; text++) {
    live[text] = live[text * blocks] = 1;
  }
  places.forEach((one, query) => {
    places.forEach((other, key) => {
      if (Math.abs(one - other) <= reach) live[blockOf(query) * blocks + blockOf(key)] = 1;
    });
  });
  return live;
}
