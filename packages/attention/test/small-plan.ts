import {
  type AxisOrder,
  axisOrders,
  partitionLayout,
  type TokenLayout,
  videoLayout,
} from "@paroattn/reorder";
import { BlockMask, randomMask } from "@paroattn/sparse-masks";
import type { Plan } from "../src/index.js";

/** 150 text tokens (3 blocks), then 4x6x7 = 168 visual ones (3 blocks): every tail is short. */
export const smallLayout = videoLayout({ frames: 4, height: 6, width: 7, textTokens: 150 });

/** A plan with random masks and orders, with text forced; valid, but made for nothing. */
export function smallPlan(changes: Partial<Plan> = {}, density = 0.3): Plan {
  const layout = changes.layout ?? smallLayout;
  const layers = changes.layers ?? 2;
  const heads = changes.heads ?? 3;
  const buckets = changes.buckets ?? { boundaries: [700, 400], steps: [1, 1, 2] };
  const orders = axisOrders(layout);
  const masks = Array.from({ length: buckets.steps.length * layers }, (_, index) =>
    textForced(layout, { heads, density, seed: index + 1 }),
  );
  return {
    architecture: "FakeTransformer2DModel",
    weightsFingerprint: "0123456789abcdef",
    layers,
    heads,
    layout,
    blockSize: 64,
    buckets,
    orders: Array.from({ length: layers }, (_, layer) =>
      Array.from(
        { length: heads },
        (_, head): AxisOrder => orders[(layer * heads + head + 1) % orders.length]!,
      ),
    ),
    masks: Uint8Array.from(masks.flatMap(({ bits }) => [...bits])),
    criterion: { kind: "globalBudget", threshold: 0.01, tieShare: 0.5, floor: 0.2 },
    density: { asked: 0.3, met: 0.31 },
    precision: { qk: "f32", pv: "f32" },
    scoring: { orders: "chosen", alpha: 0.5, sigma: 0.9, epsilon: 1e-3 },
    calibration: { prompts: ["a red circle", 'größer, "quoted"'], seeds: [1, 2] },
    packages: { "@paroattn/attention": "0.0.0" },
    ...changes,
  };
}

function textForced(
  layout: TokenLayout,
  options: { readonly heads: number; readonly density: number; readonly seed: number },
): BlockMask {
  const { blocks, textBlocks } = partitionLayout(layout);
  const mask = BlockMask.from(randomMask({ ...options, queryBlocks: blocks, keyBlocks: blocks }));
  for (let head = 0; head < options.heads; head++) {
    for (let text = textBlocks.start; text < textBlocks.end; text++) {
      for (let block = 0; block < blocks; block++) {
        mask.set(head, text, block);
        mask.set(head, block, text);
      }
    }
  }
  return mask;
}
