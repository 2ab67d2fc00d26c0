import { describe, expect, it } from "vitest";
import { randomMask, seededGenerator } from "../src/index.js";

describe("randomMask", () => {
  it("has the asked density, balanced over the rows", () => {
    const mask = randomMask({ heads: 4, queryBlocks: 33, keyBlocks: 50, density: 0.31, seed: 1 });
    expect(mask.count).toBe(Math.floor(4 * 33 * 50 * 0.31));
    for (let head = 0; head < 4; head++) {
      for (let query = 0; query < 33; query++) {
        expect([15, 16]).toContain(mask.liveBlocks(head, query).length);
      }
    }
  });

  it("keeps a block in every row at any density, and all at 1", () => {
    const shape = { heads: 2, queryBlocks: 5, keyBlocks: 7, seed: 2 };
    const sparse = randomMask({ ...shape, density: 0.001 });
    sparse.validate();
    expect(sparse.count).toBe(10);
    expect(randomMask({ ...shape, density: 1 }).count).toBe(70);
  });

  it("follows the seed", () => {
    const shape = { heads: 2, queryBlocks: 20, keyBlocks: 20, density: 0.5 };
    const mask = randomMask({ ...shape, seed: 3 });
    expect(mask.equals(randomMask({ ...shape, seed: 3 }))).toBe(true);
    expect(mask.equals(randomMask({ ...shape, seed: 4 }))).toBe(false);
  });

  it("favours no column", () => {
    const mask = randomMask({ heads: 40, queryBlocks: 100, keyBlocks: 10, density: 0.3, seed: 5 });
    const columns = new Array<number>(10).fill(0);
    mask.unpack().forEach((bit, index) => {
      (columns[index % 10] as number) += bit;
    });
    // 4,000 rows with 3 of 10: 1,200 a column, standard deviation 29.
    for (const count of columns) expect(Math.abs(count - 1200)).toBeLessThan(6 * 29);
  });

  it("refuses a density outside (0, 1] and a fractional seed", () => {
    const shape = { heads: 1, queryBlocks: 2, keyBlocks: 2, seed: 0 };
    expect(() => randomMask({ ...shape, density: 0 })).toThrow("Expected density in (0, 1]");
    expect(() => randomMask({ ...shape, density: 1, seed: 0.5 })).toThrow(/seed but found 0.5/);
  });
});

describe("seededGenerator", () => {
  it("gives uniform numbers in [0, 1)", () => {
    const random = seededGenerator(42);
    const numbers = Array.from({ length: 20000 }, random);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, value) => sum + value) / numbers.length;
    const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.005);
  });
});
