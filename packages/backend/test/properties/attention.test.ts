import { axisOrders, videoLayout } from "@paroattn/reorder";
import { BlockMask } from "@paroattn/sparse-masks";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createReferenceBackend, isLive, type PrepareAttentionOptions } from "../../src/index.js";
import { wave } from "../support/wave.js";

const backend = createReferenceBackend();

const layouts = fc
  .record({
    frames: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
    textTokens: fc.integer({ min: 0, max: 9 }),
    textPosition: fc.constantFrom("before" as const, "after" as const),
  })
  .map(videoLayout);

it("no order of any layout changes dense attention, nor the sum of the statistics", async () => {
  await fc.assert(
    fc.asyncProperty(layouts, fc.nat(), async (layout, choice) => {
      const orders = axisOrders(layout);
      const order = orders[choice % orders.length]!;
      const tokens = layout.frames * layout.height * layout.width + layout.textTokens;
      const keyLengths = [1 + (choice % tokens)];
      const run = async (more: Partial<PrepareAttentionOptions>) => {
        const scope = backend.scope();
        const side = (phase: number) =>
          scope.upload(wave([1, tokens, 4], phase, { amplitude: 2, chirp: 0.013 }));
        const operands = scope.prepareAttention({
          query: side(0),
          key: side(1),
          value: side(2),
          heads: 1,
          headDim: 4,
          layout,
          keyLengths,
          ...more,
        });
        const { output, logSumExp } = scope.attention({ operands, returnLogSumExp: true });
        const statistics = scope.blockStatistics({
          operands,
          logSumExp: logSumExp!,
          epsilon: 0.01,
        });
        const results = [output, logSumExp!, statistics.sum];
        const [o, l, sum] = await Promise.all(results.map((tensor) => scope.read(tensor)));
        scope.dispose();
        const total = (data: ArrayLike<number>) => Array.from(data).reduce((a, b) => a + b, 0);
        return [...o!.data, ...l!.data, total(sum!.data)];
      };
      const [reordered, native] = [await run({ orders: [order] }), await run({})];
      for (const [i, value] of native.entries()) expect(reordered[i]).toBeCloseTo(value, 4);
      expect(native.at(-1)).toBeCloseTo(tokens, 3);
    }),
    { numRuns: 60 },
  );
});

it("isLive reads the bits as BlockMask writes them", () => {
  const masks = fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
    )
    .chain(([heads, queryBlocks, keyBlocks]) =>
      fc.record({
        heads: fc.constant(heads),
        queryBlocks: fc.constant(queryBlocks),
        keyBlocks: fc.constant(keyBlocks),
        blocks: fc.uint8Array({
          min: 0,
          max: 1,
          minLength: heads * queryBlocks * keyBlocks,
          maxLength: heads * queryBlocks * keyBlocks,
        }),
      }),
    );
  fc.assert(
    fc.property(masks, (options) => {
      const mask = BlockMask.pack(options);
      const { queryBlocks, keyBlocks, blocks } = options;
      for (const [i, live] of blocks.entries()) {
        const head = Math.floor(i / (queryBlocks * keyBlocks));
        const queryBlock = Math.floor(i / keyBlocks) % queryBlocks;
        expect(isLive(mask, { head, queryBlock, keyBlock: i % keyBlocks })).toBe(live === 1);
      }
    }),
  );
});
