import { imageLayout, partitionTokens, videoLayout } from "@paroattn/reorder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BlockPartition,
  globalThreshold,
  maskFromThreshold,
  massesInMemory,
  partitionLayout,
  SparseMaskError,
  scheduleDensity,
  seededGenerator,
} from "../src/index.js";

interface Shape {
  readonly buckets: number;
  readonly layers: number;
  readonly heads: number;
}

async function solve(options: {
  readonly masses: Float32Array;
  readonly shape: Shape;
  readonly partition: BlockPartition;
  readonly density: number;
  readonly bucketSteps?: readonly number[];
}) {
  const { masses, shape, partition } = options;
  const source = massesInMemory({ masses, ...shape, blocks: partition.blocks });
  const threshold = await globalThreshold({ source, ...options });
  const masks = [];
  for (let bucket = 0; bucket < shape.buckets; bucket++) {
    const layers = [];
    for (let layer = 0; layer < shape.layers; layer++) {
      layers.push(await maskFromThreshold({ source, partition, threshold, bucket, layer }));
    }
    masks.push(layers);
  }
  return { threshold, masks, met: scheduleDensity({ ...options, masks }) };
}

function masses(shape: Shape, blocks: number, entry: () => number): Float32Array {
  const count = shape.buckets * shape.layers * shape.heads * blocks * blocks;
  return Float32Array.from({ length: count }, entry);
}

/** The largest single step the met density can take, in each of the heads at most one. */
function oneBlock(shape: Shape, partition: BlockPartition, steps: readonly number[]): number {
  const weight = steps.reduce((sum, count) => sum + count, 0) * shape.layers * shape.heads;
  return (Math.max(...steps) * partition.blockSize ** 2) / (weight * partition.tokens ** 2);
}

const shape = { buckets: 3, layers: 4, heads: 5 };
const bucketSteps = [1, 1, 10];
const video = partitionLayout(videoLayout({ frames: 13, height: 15, width: 18, textTokens: 226 }));

describe("globalThreshold and maskFromThreshold", () => {
  it("force the text and a visual block beside it: a density at its floor can be had", async () => {
    const partition = partitionLayout(imageLayout({ height: 8, width: 16, textTokens: 64 }));
    const one = { buckets: 1, layers: 1, heads: 1 };
    // A row of text and two visual ones, the last of which has nearly all of its mass on text.
    const entries = Float32Array.of(0.4, 0.3, 0.3, 0.5, 0.2, 0.3, 0.98, 0.015, 0.005);
    // 64 of 192 tokens are text: its rows, its columns in the other rows, and a block of each of these are 7 of 9 blocks.
    const { threshold, masks, met } = await solve({
      masses: entries,
      shape: one,
      partition,
      density: 7 / 9,
    });
    expect(threshold.floor).toBeCloseTo(7 / 9, 12);
    expect(met).toBeCloseTo(7 / 9, 12);
    expect([...masks[0]![0]!.unpack()]).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 0]);
  });

  it("keep the heaviest blocks of a hand-made example", async () => {
    const partition = partitionTokens(6, 2);
    const { threshold, masks, met } = await solve({
      // The best of each row is forced (3 of 9 blocks); a budget of 5 buys 0.35 and 0.3 besides.
      masses: Float32Array.of(0.6, 0.25, 0.15, 0.1, 0.55, 0.35, 0.3, 0.28, 0.42),
      shape: { buckets: 1, layers: 1, heads: 1 },
      partition,
      density: 5 / 9,
    });
    expect([...(masks[0]?.[0]?.unpack() ?? [])]).toEqual([1, 0, 0, 0, 1, 1, 1, 0, 1]);
    expect(met).toBeCloseTo(5 / 9, 12);
    expect(threshold.floor).toBeCloseTo(3 / 9, 12);
  });

  it("meet the budget on random masses, with text and ragged tails", async () => {
    for (const density of [0.2, 0.3, 0.5, 0.9]) {
      const random = seededGenerator(7);
      const { met, masks } = await solve({
        masses: masses(shape, video.blocks, () => random() ** 8),
        shape,
        partition: video,
        density,
        bucketSteps,
      });
      expect(Math.abs(met - density)).toBeLessThan(oneBlock(shape, video, bucketSteps));
      for (const mask of masks.flat()) mask.validate();
    }
  });

  it("meet the budget where all masses are equal, or two plateaus, or mostly zero", async () => {
    const adversaries: Record<string, (random: () => number) => number> = {
      uniform: () => 1 / 60,
      zero: () => 0,
      plateaus: (random) => (random() < 0.5 ? 0.25 : 0.5),
      mostlyZero: (random) => (random() < 0.02 ? random() : 0),
      subnormal: (random) => Math.floor(random() * 4) * 1.4e-45,
    };
    for (const [name, entry] of Object.entries(adversaries)) {
      for (const density of [0.2, 0.3, 0.77]) {
        const random = seededGenerator(11);
        const { met } = await solve({
          masses: masses(shape, video.blocks, () => entry(random)),
          shape,
          partition: video,
          density,
          bucketSteps,
        });
        expect(Math.abs(met - density), `${name} at ${density}`).toBeLessThan(0.001);
      }
    }
  });

  it("meet the budget over many heads of few blocks, where rounding each head alone would not", async () => {
    const many = { buckets: 1, layers: 10, heads: 30 };
    const partition = partitionTokens(3 * 64);
    for (const density of [0.4, 0.5, 0.6, 0.72]) {
      const { met } = await solve({
        masses: masses(many, 3, () => 1 / 3),
        shape: many,
        partition,
        density,
      });
      expect(Math.abs(met - density)).toBeLessThan(0.002);
    }
  });

  it("take -0 for 0", async () => {
    const entries = masses(shape, video.blocks, () => 0.1);
    entries.forEach((_, index) => {
      if (index % 3 > 0) entries[index] = index % 3 === 1 ? -0 : 0;
    });
    const { met } = await solve({ masses: entries, shape, partition: video, density: 0.6 });
    expect(Math.abs(met - 0.6)).toBeLessThan(0.001);
  });

  it("spread equal masses evenly over the heads", async () => {
    const { masks } = await solve({
      masses: masses(shape, video.blocks, () => 0.1),
      shape,
      partition: video,
      density: 0.4,
      bucketSteps,
    });
    const densities = masks
      .flat()
      .map((mask) => mask.density({ queryPartition: video, keyPartition: video }));
    expect(Math.max(...densities) - Math.min(...densities)).toBeLessThan(0.002);
  });

  it("let easy heads pay for hard ones", async () => {
    const partition = partitionTokens(16 * 64);
    const random = seededGenerator(3);
    // Head 0 puts nearly all mass on the diagonal, head 1 spreads it.
    const entry = Float32Array.from({ length: 2 * 256 }, (_, index) => {
      const block = index % 256;
      const diagonal = block % 17 === 0;
      if (index < 256) return diagonal ? 0.99 : 0.0005 * random();
      return 0.05 + 0.02 * random();
    });
    const { masks, met } = await solve({
      masses: entry,
      shape: { buckets: 1, layers: 1, heads: 2 },
      partition,
      density: 0.5,
    });
    const mask = masks[0]?.[0];
    const live = (head: number) =>
      Array.from({ length: 16 }, (_, row) => mask?.liveBlocks(head, row).length ?? 0);
    expect(Math.max(...live(0))).toBe(1);
    expect(live(1).reduce((sum, count) => sum + count)).toBe(256 - 16);
    expect(met).toBeCloseTo(0.5, 12);
  });

  it("keep every text row and column and never drop a heavier block for a lighter one", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer(),
          density: fc.double({ min: 0.65, max: 1, noNaN: true }),
          textTokens: fc.integer({ min: 0, max: 9 }),
          levels: fc.integer({ min: 1, max: 20 }),
        }),
        async ({ seed, density, textTokens, levels }) => {
          const partition = partitionLayout(
            videoLayout({ frames: 2, height: 5, width: 7, textTokens }),
            8,
          );
          const random = seededGenerator(seed);
          const small = { buckets: 2, layers: 1, heads: 2 };
          const entries = masses(small, partition.blocks, () => Math.floor(random() * levels) / 20);
          const { masks, threshold, met } = await solve({
            masses: entries,
            shape: small,
            partition,
            density,
            bucketSteps: [1, 3],
          }).catch((error) => {
            // Small grids have high floors; refusing them is right, and tested below.
            expect(error).toSatisfy(SparseMaskError.isInstance);
            fc.pre(false);
            throw error;
          });
          expect(Math.abs(met - density)).toBeLessThan(
            2 * oneBlock(small, partition, [1, 3]) * small.heads,
          );
          const { blocks, textBlocks } = partition;
          masks.forEach(([mask], bucket) => {
            mask?.validate();
            const live = mask?.unpack() ?? new Uint8Array();
            live.forEach((bit, index) => {
              const mass = entries[bucket * live.length + index] as number;
              const query = Math.floor(index / blocks) % blocks;
              const key = index % blocks;
              const isText = (block: number) => block >= textBlocks.start && block < textBlocks.end;
              if (isText(query) || isText(key) || mass > threshold.threshold) expect(bit).toBe(1);
            });
          });
        },
      ),
    );
  });

  it("give full masks at density 1, whatever rounding does to fractional steps", async () => {
    const small = { buckets: 3, layers: 2, heads: 7 };
    const partition = partitionLayout(videoLayout({ frames: 3, height: 5, width: 7 }), 16);
    for (let seed = 0; seed < 20; seed++) {
      const random = seededGenerator(seed);
      const { masks, met } = await solve({
        masses: masses(small, partition.blocks, () => Math.floor(random() * 3)),
        shape: small,
        partition,
        density: 1,
        bucketSteps: [random(), random(), random()],
      });
      expect(masks.flat().every((mask) => mask.count === 7 * partition.blocks ** 2)).toBe(true);
      expect(met).toBeCloseTo(1, 12);
    }
  });

  it("weigh each bucket by its steps", async () => {
    const partition = partitionTokens(640);
    const random = seededGenerator(9);
    const two = { buckets: 2, layers: 1, heads: 1 };
    const entries = masses(two, 10, random);
    // All of bucket 1 is heavier than all of bucket 0.
    entries.forEach((mass, index) => {
      entries[index] = index < 100 ? mass : mass + 1;
    });
    const { masks } = await solve({
      masses: entries,
      shape: two,
      partition,
      density: 0.5,
      bucketSteps: [1, 3],
    });
    // Budget 0.5 * 400 = 200; bucket 0 is forced to 10, the other 190 buy floor(190 / 3) blocks at 3 each.
    expect(masks[0]?.[0]?.count).toBe(10);
    expect(masks[1]?.[0]?.count).toBeGreaterThanOrEqual(63);
    expect(masks[1]?.[0]?.count).toBeLessThanOrEqual(64);
  });

  it("are deterministic", async () => {
    const run = () => {
      const random = seededGenerator(1);
      return solve({
        masses: masses(shape, video.blocks, () => Math.round(random() * 8) / 8),
        shape,
        partition: video,
        density: 0.35,
      });
    };
    const [first, second] = [await run(), await run()];
    expect(second.threshold).toEqual(first.threshold);
    first.masks.flat().forEach((mask, index) => {
      expect(mask.equals(second.masks.flat()[index] ?? mask)).toBe(true);
      expect(second.masks.flat()[index]).not.toBe(mask);
    });
  });
});

describe("globalThreshold refuses", () => {
  const partition = partitionTokens(6, 2);
  const one = { buckets: 1, layers: 1, heads: 1 };
  const good = Float32Array.of(0.6, 0.25, 0.15, 0.1, 0.55, 0.35, 0.3, 0.28, 0.42);
  const attempt = (changes: object) =>
    solve({ masses: good, shape: one, partition, density: 0.5, ...changes });

  it("a density outside (0, 1]", async () => {
    for (const density of [0, -0.5, 1.5, Number.NaN]) {
      await expect(attempt({ density })).rejects.toThrow(
        `Expected density in (0, 1] but found ${density}`,
      );
    }
  });

  it("a density below the floor, naming both", async () => {
    await expect(attempt({ density: 0.3 })).rejects.toThrow(/at least 0\.3333, .* but found 0\.3$/);
    const { met, threshold } = await attempt({ density: 3 / 9 });
    expect(met).toBe(3 / 9);
    expect(threshold.threshold).toBeCloseTo(0.35, 6);
    expect(threshold.tieShare).toBe(0);
  });

  it("NaN, infinite and negative masses, naming the block", async () => {
    for (const mass of [Number.NaN, -0.1, Number.POSITIVE_INFINITY]) {
      const entries = good.slice();
      entries[5] = mass;
      await expect(attempt({ masses: entries })).rejects.toThrow(
        /bucket 0, layer 0, head 0, query block 1, key block 2 but found/,
      );
    }
  });

  it("sizes that do not fit", async () => {
    await expect(attempt({ masses: good.subarray(1) })).rejects.toThrow(/= 9 masses but found 8/);
    await expect(attempt({ bucketSteps: [1, 2] })).rejects.toThrow(/1 bucketSteps.*found 2/);
    await expect(attempt({ bucketSteps: [0] })).rejects.toThrow(/positive bucketSteps/);
  });
});
