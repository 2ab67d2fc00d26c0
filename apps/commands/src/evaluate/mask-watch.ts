import { type MaskShift, maskShift, observeMasks, type Plan, planMask } from "@paroattn/attention";
import { BlockMask } from "@paroattn/sparse-masks";
import { z } from "zod";
import type { Subject } from "./subject.js";
import { watchedSteps } from "./watched-steps.js";

/** The masks that the watched steps of one dense run ask for by themselves, at a plan's density and in its orders. */
export const seenMasksSchema = z.object({
  steps: z.array(
    z.object({
      step: z.number(),
      timestep: z.number(),
      /** Packed bits of each layer, in base64. */
      masks: z.array(z.base64()),
    }),
  ),
});

export type SeenMasks = z.infer<typeof seenMasksSchema>;

/** A strategy that answers dense and watches, and what it has seen after the run. */
export function watchMasks(plan: Plan, { steps }: { readonly steps: number }) {
  const seen: SeenMasks["steps"] = [];
  return {
    strategy: observeMasks({
      plan,
      steps: watchedSteps(steps),
      visit: ({ step, timestep, masks }) => {
        const packed = masks.map(({ bits }) => Buffer.from(bits).toString("base64"));
        seen.push({ step, timestep, masks: packed });
      },
    }),
    result: (): SeenMasks => ({ steps: seen }),
  };
}

/** How far the masks of several runs are from each other and from the plan's. */
export function shiftOf(
  plan: Plan,
  runs: readonly { readonly subject: Subject; readonly seen: SeenMasks }[],
): MaskShift {
  const { heads, queryBlocks, keyBlocks } = planMask(plan, { bucket: 0, layer: 0 });
  const observations = runs.flatMap(({ subject, seen }) =>
    seen.steps.map(({ masks, ...step }) => ({
      ...subject,
      ...step,
      masks: masks.map((packed) =>
        BlockMask.from({ heads, queryBlocks, keyBlocks, bits: Buffer.from(packed, "base64") }),
      ),
    })),
  );
  return maskShift({ plan, observations });
}
