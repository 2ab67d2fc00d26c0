import type { Picture } from "@paroattn/pipelines";
import { describe, expect, it } from "vitest";
import { comparisonSheet } from "../src/demo/sheet.js";
import { contactSheet } from "../src/files/contact-sheet.js";

function plain(grey: number, { width = 160, height = 2 } = {}): Picture {
  return { width, height, data: new Uint8Array(3 * width * height).fill(grey) };
}

const at = ({ width, data }: Picture, x: number, y: number) => data[3 * (y * width + x)];

describe("a contact sheet", () => {
  it("has its pictures in rows, with gaps of grey", () => {
    const sheet = contactSheet([
      [plain(1), plain(2)],
      [plain(3), plain(4)],
    ]);
    expect([sheet.width, sheet.height]).toEqual([326, 10]);
    expect([at(sheet, 0, 0), at(sheet, 325, 1), at(sheet, 159, 8), at(sheet, 166, 9)]).toEqual([
      1, 2, 3, 4,
    ]);
    for (const [x, y] of [
      [160, 0],
      [165, 9],
      [0, 2],
      [325, 7],
    ] as const) {
      expect(at(sheet, x, y)).toBe(128);
    }
  });

  it("makes squares of the pixels of small pictures", () => {
    const small = plain(0, { width: 64, height: 1 });
    small.data.fill(9, 3);
    const sheet = contactSheet([[small]]);
    expect([sheet.width, sheet.height]).toEqual([192, 3]);
    for (const y of [0, 2]) {
      expect([at(sheet, 0, y), at(sheet, 2, y), at(sheet, 3, y)]).toEqual([0, 0, 9]);
    }
  });
});

describe("the demo's sheet", () => {
  it("shows two pictures and their difference side by side", () => {
    const sheet = comparisonSheet([plain(10)], [plain(13)]);
    expect([sheet.width, sheet.height]).toEqual([3 * 166 - 6, 2]);
    expect([0, 166, 332].map((x) => at(sheet, x, 0))).toEqual([10, 13, 12]);
  });

  it("shows frames of two videos and their difference below one another, the first and the last among them", () => {
    const video = (start: number) => Array.from({ length: 49 }, (_, frame) => plain(start + frame));
    const sheet = comparisonSheet(video(0), video(2));
    expect([sheet.width, sheet.height]).toEqual([7 * 166 - 6, 3 * 8 - 6]);
    const frames = [0, 8, 16, 24, 32, 40, 48];
    const row = (y: number) => frames.map((_, column) => at(sheet, column * 166, y));
    expect(row(0)).toEqual(frames);
    expect(row(8)).toEqual(frames.map((frame) => frame + 2));
    expect(row(16)).toEqual(frames.map(() => 8));
  });
});
