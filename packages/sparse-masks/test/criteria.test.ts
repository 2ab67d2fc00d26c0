import { partitionLayout, partitionTokens } from "@paroattn/reorder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BlockMask,
  type BlockPartition,
  blockLength,
  isTextBlock,
  type MaskCriterion,
  makeMaskSchedule,
  maskMaker,
  massesInMemory,
  SparseMaskError,
  seededGenerator,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

/** One head's blocks, its masses, and what must be kept, by the definition. */
interface Head {
  readonly partition: BlockPartition;
  readonly masses: Float32Array;
}

interface Block {
  readonly query: number;
  readonly key: number;
  readonly mass: number;
  readonly pairs: number;
  readonly forced: boolean;
}

function blocksOf({ partition, masses }: Head): Block[] {
  const { blocks } = partition;
  const isText = (block: number) => isTextBlock(partition, block);
  const list: Block[] = [];
  for (let query = 0; query < blocks; query++) {
    const row = masses.subarray(query * blocks, (query + 1) * blocks);
    const visual = row.map((mass, key) => (isText(key) ? -1 : mass));
    const heaviest = visual.indexOf(Math.max(...visual));
    for (let key = 0; key < blocks; key++) {
      list.push({
        query,
        key,
        mass: row[key] as number,
        pairs: blockLength(partition, query) * blockLength(partition, key),
        forced: isText(query) || isText(key) || key === heaviest,
      });
    }
  }
  return list;
}

const sum = (blocks: readonly Block[], of: (block: Block) => number) =>
  blocks.reduce((total, block) => total + of(block), 0);

/** Heads whose masses are all different, so that every criterion has one answer only. */
function heads(): fc.Arbitrary<Head> {
  return fc
    .tuple(layouts(), fc.integer(), fc.constantFrom(3, 8, 16))
    .map(([layout, seed, size]) => {
      const partition = partitionLayout(layout, size);
      const random = seededGenerator(seed);
      const entries = Array.from({ length: partition.blocks ** 2 }, (_, block) => block + 1);
      entries.sort(() => random() - 0.5);
      const masses = Float32Array.from(entries, (entry) => entry / 4096);
      return { partition, masses };
    });
}

/** Heads with many equal masses, zeros among them. */
function coarseHeads(): fc.Arbitrary<Head> {
  return fc
    .tuple(layouts(), fc.integer(), fc.integer({ min: 1, max: 5 }))
    .map(([layout, seed, levels]) => {
      const partition = partitionLayout(layout, 8);
      const random = seededGenerator(seed);
      const masses = Float32Array.from({ length: partition.blocks ** 2 }, () =>
        Math.floor(random() * levels),
      );
      return { partition, masses };
    });
}

async function maskOf({ partition, masses }: Head, criterion: MaskCriterion): Promise<BlockMask> {
  const source = massesInMemory({
    masses,
    buckets: 1,
    layers: 1,
    heads: 1,
    blocks: partition.blocks,
  });
  const maker = await maskMaker({ source, partition, criterion });
  return maker.layerMask({ bucket: 0, layer: 0 });
}

const share = fc.double({ min: 0.01, max: 1, noNaN: true });
const kept = (mask: BlockMask, { query, key }: Block) => mask.get(0, query, key);
const density = (mask: BlockMask, { partition }: Head) =>
  mask.density({ queryPartition: partition, keyPartition: partition });

/** A mask, or undefined where the density lies below the floor, which must then be so. */
async function maskAboveFloor(head: Head, criterion: MaskCriterion & { density: number }) {
  const blocks = blocksOf(head);
  const floor = sum(blocks, (b) => (b.forced ? b.pairs : 0)) / sum(blocks, (b) => b.pairs);
  if (criterion.density > floor - 1e-9) {
    return criterion.density < floor + 1e-9 ? undefined : maskOf(head, criterion);
  }
  await expect(maskOf(head, criterion)).rejects.toSatisfy(SparseMaskError.isInstance);
  return undefined;
}

describe("the criterion threshold", () => {
  it("keeps what is heavier, and what is forced", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(heads(), coarseHeads()), fc.nat(6), async (head, pick) => {
        const threshold = [0, 0.001, 0.01, 1, 2, 3, 1e9][pick] as number;
        const mask = await maskOf(head, { kind: "threshold", threshold });
        for (const block of blocksOf(head)) {
          expect(kept(mask, block)).toBe(block.forced || block.mass > threshold);
        }
      }),
    );
  });
});

describe("the criterion headDensity", () => {
  /** The definition: go down the blocks by mass while the next one fits. */
  function naive(head: Head, asked: number): Set<string> {
    const blocks = blocksOf(head);
    const live = new Set(blocks.filter((b) => b.forced).map((b) => `${b.query} ${b.key}`));
    let left = (asked + 1e-12) * sum(blocks, (b) => b.pairs);
    left -= sum(blocks, (b) => (b.forced ? b.pairs : 0));
    const rest = blocks.filter((b) => !b.forced).sort((a, b) => b.mass - a.mass);
    for (const block of rest) {
      left -= block.pairs;
      if (left < 0) break;
      live.add(`${block.query} ${block.key}`);
    }
    return live;
  }

  it("is its definition where masses differ", async () => {
    await fc.assert(
      fc.asyncProperty(heads(), share, async (head, asked) => {
        const mask = await maskAboveFloor(head, { kind: "headDensity", density: asked });
        fc.pre(mask !== undefined);
        const live = naive(head, asked);
        for (const block of blocksOf(head)) {
          expect(kept(mask as BlockMask, block)).toBe(live.has(`${block.query} ${block.key}`));
        }
      }),
    );
  });

  it("meets the density to within a block, also of equal masses, and never drops a heavier block for a lighter one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(heads(), coarseHeads()), share, async (head, asked) => {
        const mask = await maskAboveFloor(head, { kind: "headDensity", density: asked });
        fc.pre(mask !== undefined);
        const blocks = blocksOf(head);
        const largest = Math.max(...blocks.map((b) => b.pairs));
        const met = density(mask as BlockMask, head);
        expect(met).toBeLessThanOrEqual(asked + 1e-9);
        if (met < 1) {
          expect(met).toBeGreaterThan(asked - largest / sum(blocks, (b) => b.pairs) - 1e-9);
        }
        const free = blocks.filter((b) => !b.forced);
        const dropped = free.filter((b) => !kept(mask as BlockMask, b)).map((b) => b.mass);
        const lightest = free.filter((b) => kept(mask as BlockMask, b)).map((b) => b.mass);
        expect(Math.max(0, ...dropped)).toBeLessThanOrEqual(Math.min(1e9, ...lightest));
      }),
    );
  });

  it("gives each head its own budget", async () => {
    const partition = partitionTokens(10, 1);
    const masses = Float32Array.from({ length: 200 }, (_, i) => (i < 100 ? 1000 : 0) + (i % 100));
    const source = massesInMemory({ masses, buckets: 1, layers: 1, heads: 2, blocks: 10 });
    const at = { bucket: 0, layer: 0 };
    const counts = async (criterion: MaskCriterion) => {
      const mask = await (await maskMaker({ source, partition, criterion })).layerMask(at);
      const live = mask.unpack();
      return [live.subarray(0, 100), live.subarray(100)].map((head) =>
        head.reduce((total, bit) => total + bit, 0),
      );
    };
    expect(await counts({ kind: "headDensity", density: 0.3 })).toEqual([30, 30]);
    expect(await counts({ kind: "globalBudget", density: 0.3 })).toEqual([50, 10]);
  });

  it("spreads what it keeps of a plateau over rows and columns", async () => {
    const partition = partitionTokens(64, 1);
    const head = { partition, masses: new Float32Array(64 * 64).fill(1 / 64) };
    const mask = await maskOf(head, { kind: "headDensity", density: 0.5 });
    const columns = new Array<number>(64).fill(0);
    mask.unpack().forEach((bit, index) => {
      (columns[index % 64] as number) += bit;
    });
    const rows = Array.from({ length: 64 }, (_, query) => mask.liveBlocks(0, query).length);
    // The first block of each row is forced, so the first column is full.
    for (const count of [...rows, ...columns.slice(1)]) {
      expect(count).toBeGreaterThan(24);
      expect(count).toBeLessThan(40);
    }
  });
});

describe("the criterion topP", () => {
  it("is its definition where masses differ", async () => {
    await fc.assert(
      fc.asyncProperty(heads(), share, async (head, mass) => {
        const mask = await maskOf(head, { kind: "topP", mass });
        const blocks = blocksOf(head);
        for (let query = 0; query < head.partition.blocks; query++) {
          const row = blocks.filter((b) => b.query === query);
          const forced = row.filter((b) => b.forced);
          const rest = row.filter((b) => !b.forced).sort((a, b) => b.mass - a.mass);
          // The masses are sums of powers of two, so any order of addition gives the same sum.
          const target = mass * sum(row, (b) => b.mass);
          let count = 0;
          while (sum([...forced, ...rest.slice(0, count)], (b) => b.mass) < target) count++;
          const live = new Set([...forced, ...rest.slice(0, count)]);
          for (const block of row) expect(kept(mask, block)).toBe(live.has(block));
        }
      }),
    );
  });

  it("holds the mass asked for, with no block that it could do without", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(heads(), coarseHeads()), share, async (head, mass) => {
        const mask = await maskOf(head, { kind: "topP", mass });
        const blocks = blocksOf(head);
        for (let query = 0; query < head.partition.blocks; query++) {
          const row = blocks.filter((b) => b.query === query);
          const live = row.filter((b) => kept(mask, b));
          const target = mass * sum(row, (b) => b.mass);
          const held = sum(live, (b) => b.mass);
          expect(held).toBeGreaterThanOrEqual(target * (1 - 1e-12));
          const lightest = Math.min(...live.filter((b) => !b.forced).map((b) => b.mass));
          if (lightest < Number.POSITIVE_INFINITY) expect(held - lightest).toBeLessThan(target);
        }
      }),
    );
  });

  it("keeps at 1 all that has mass, whatever rounding does to the sum", async () => {
    const partition = partitionTokens(50, 1);
    const random = seededGenerator(3);
    const masses = Float32Array.from({ length: 2500 }, () => (random() < 0.3 ? 0 : random() ** 20));
    const mask = await maskOf({ partition, masses }, { kind: "topP", mass: 1 });
    expect([...mask.unpack()]).toEqual([...masses].map((entry) => (entry > 0 ? 1 : 0)));
  });

  it("does not ask for masses that sum to 1", async () => {
    const partition = partitionTokens(4, 1);
    const rows = [0.4, 0.3, 0.2, 0.1, 40, 30, 20, 10, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25];
    const mask = await maskOf(
      { partition, masses: Float32Array.from(rows) },
      { kind: "topP", mass: 0.65 },
    );
    expect([0, 1, 2, 3].map((query) => mask.liveBlocks(0, query).length)).toEqual([2, 2, 1, 3]);
  });
});

describe("every criterion", () => {
  const criteria: Record<MaskCriterion["kind"], (parameter: number) => MaskCriterion> = {
    globalBudget: (parameter) => ({ kind: "globalBudget", density: parameter }),
    headDensity: (parameter) => ({ kind: "headDensity", density: parameter }),
    // A smaller threshold keeps more, so that all go up with the parameter.
    threshold: (parameter) => ({ kind: "threshold", threshold: 1 - parameter }),
    topP: (parameter) => ({ kind: "topP", mass: parameter }),
  };
  const cases = Object.entries(criteria);

  it.each(cases)("%s keeps text and a block of each row, and stays the same", async (_, make) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(heads(), coarseHeads()), share, async (head, parameter) => {
        const criterion = make(parameter);
        const mask =
          "density" in criterion
            ? await maskAboveFloor(head, criterion)
            : await maskOf(head, criterion);
        fc.pre(mask !== undefined);
        (mask as BlockMask).validate();
        for (const block of blocksOf(head)) {
          if (block.forced) expect(kept(mask as BlockMask, block)).toBe(true);
        }
        expect((await maskOf(head, criterion)).equals(mask as BlockMask)).toBe(true);
      }),
    );
  });

  it.each(cases)("%s keeps with a larger parameter all of a smaller one", async (_, make) => {
    await fc.assert(
      fc.asyncProperty(heads(), share, share, async (head, first, second) => {
        const [small, large] = [Math.min(first, second), Math.max(first, second)].map(make);
        const masks = [];
        for (const criterion of [small, large] as MaskCriterion[]) {
          masks.push(
            "density" in criterion
              ? await maskAboveFloor(head, criterion)
              : await maskOf(head, criterion),
          );
        }
        fc.pre(masks[0] !== undefined && masks[1] !== undefined);
        const [fewer, more] = masks as BlockMask[];
        expect(fewer?.unpack().every((bit, i) => bit <= (more?.unpack()[i] as number))).toBe(true);
      }),
    );
  });

  it("headDensity and topP nest on plateaus too", async () => {
    await fc.assert(
      fc.asyncProperty(coarseHeads(), share, share, async (head, first, second) => {
        for (const make of [criteria.headDensity, criteria.topP]) {
          const masks = [];
          for (const parameter of [Math.min(first, second), Math.max(first, second)]) {
            const criterion = make(parameter);
            masks.push(
              "density" in criterion
                ? await maskAboveFloor(head, criterion)
                : await maskOf(head, criterion),
            );
          }
          const [fewer, more] = masks;
          if (!fewer || !more) continue;
          const bits = more.unpack();
          expect(fewer.unpack().every((bit, i) => bit <= (bits[i] as number))).toBe(true);
        }
      }),
    );
  });

  it.each(cases)("%s serves many heads, layers and buckets", async (_, make) => {
    const partition = partitionTokens(12, 2);
    const random = seededGenerator(8);
    const masses = Float32Array.from({ length: 3 * 2 * 4 * 36 }, random);
    const source = massesInMemory({ masses, buckets: 3, layers: 2, heads: 4, blocks: 6 });
    const buckets = { boundaries: [800, 400], steps: [1, 1, 2] };
    const criterion = make(0.5);
    const schedule = await makeMaskSchedule({ source, partition, criterion, buckets });
    expect(schedule.criterion).toBe(criterion);
    expect(schedule.masks.map((layers) => layers.map((mask) => mask.heads))).toEqual([
      [4, 4],
      [4, 4],
      [4, 4],
    ]);
    if (criterion.kind === "globalBudget") return;
    // Head by head: each is what it would be alone.
    for (let bucket = 0; bucket < 3; bucket++) {
      for (let layer = 0; layer < 2; layer++) {
        const live = schedule.masks[bucket]?.[layer]?.unpack();
        for (let head = 0; head < 4; head++) {
          const start = ((bucket * 2 + layer) * 4 + head) * 36;
          const alone = await maskOf(
            { partition, masses: masses.subarray(start, start + 36) },
            criterion,
          );
          expect(live?.subarray(head * 36, head * 36 + 36)).toEqual(alone.unpack());
        }
      }
    }
  });

  it("refuses parameters out of range and kinds that are not there", async () => {
    const head = { partition: partitionTokens(2, 1), masses: new Float32Array(4).fill(0.5) };
    const attempt = (criterion: object) => maskOf(head, criterion as MaskCriterion);
    for (const bad of [0, -1, 1.1, Number.NaN]) {
      await expect(attempt({ kind: "globalBudget", density: bad })).rejects.toThrow(
        `Expected density in (0, 1] but found ${bad}`,
      );
      await expect(attempt({ kind: "headDensity", density: bad })).rejects.toThrow(/density in/);
      await expect(attempt({ kind: "topP", mass: bad })).rejects.toThrow(/mass in \(0, 1\]/);
    }
    for (const bad of [-1e-9, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(attempt({ kind: "threshold", threshold: bad })).rejects.toThrow(/threshold of/);
    }
    await expect(attempt({ kind: "best" })).rejects.toThrow(/criterion kind .* found "best"/);
  });

  it.each(cases)(
    "%s refuses bad masses, naming the block, and places outside the source",
    async (_, make) => {
      const partition = partitionTokens(2, 1);
      const masses = Float32Array.of(0.5, 0.5, Number.NaN, 0.5);
      const criterion = make(1);
      await expect(maskOf({ partition, masses }, criterion)).rejects.toThrow(
        /head 0, query block 1, key block 0 but found NaN/,
      );
      masses[2] = 0.5;
      const source = massesInMemory({ masses, buckets: 1, layers: 1, heads: 1, blocks: 2 });
      const maker = await maskMaker({ source, partition, criterion });
      await expect(maker.layerMask({ bucket: 1, layer: 0 })).rejects.toThrow(
        "Expected a bucket from 0 to 0 but found 1",
      );
      await expect(maker.layerMask({ bucket: 0, layer: -1 })).rejects.toThrow(
        /a layer from 0 to 0/,
      );
      const none = { ...source, heads: 0 };
      await expect(maskMaker({ source: none, partition, criterion })).rejects.toThrow(
        /source.heads/,
      );
    },
  );

  it("headDensity refuses a density below the floor, naming the head", async () => {
    const head = { partition: partitionTokens(4, 1), masses: new Float32Array(16).fill(0.25) };
    await expect(maskOf(head, { kind: "headDensity", density: 0.2 })).rejects.toThrow(
      /at least 0\.2500, .* in bucket 0, layer 0, head 0, but found 0\.2$/,
    );
    expect((await maskOf(head, { kind: "headDensity", density: 0.25 })).count).toBe(4);
  });
});
