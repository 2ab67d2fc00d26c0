import { axisOrders } from "@paroattn/reorder";
import { bytesPerHead } from "@paroattn/sparse-masks";
import { encodeSafetensors, tensor, writeSafetensors } from "@paroattn/tensor";
import { METADATA_KEY, type PlanMetadata } from "./metadata.js";
import { PLAN_BLOCK_SIZE, PLAN_FORMAT_VERSION, type Plan } from "./plan.js";

/**
 * Writes a plan file under a temporary name and renames it.
 *
 * @throws SafetensorsError naming the path when it cannot be written.
 */
export function writePlan(path: string, plan: Plan): Promise<void> {
  return writeSafetensors(path, planContent(plan));
}

/** The bytes of a plan file. */
export function encodePlan(plan: Plan): Uint8Array {
  return encodeSafetensors(planContent(plan));
}

function planContent(plan: Plan) {
  const { layers, heads, blocks, orders, masks, ...rest } = plan;
  const names = axisOrders(plan.layout);
  const metadata: PlanMetadata = {
    ...structuredClone({ ...rest, layout: { ...plan.layout } }),
    formatVersion: PLAN_FORMAT_VERSION,
    blockSize: PLAN_BLOCK_SIZE,
  } as PlanMetadata;
  const headBytes = bytesPerHead({ queryBlocks: blocks, keyBlocks: blocks });
  return {
    tensors: {
      orders: tensor({
        dtype: "u8",
        shape: [layers, heads],
        data: Uint8Array.from(orders.flat(), (order) => names.indexOf(order)),
      }),
      masks: tensor({
        dtype: "u8",
        shape: [plan.buckets.steps.length, layers, heads, headBytes],
        data: masks,
      }),
    },
    metadata: { [METADATA_KEY]: JSON.stringify(metadata) },
  };
}
