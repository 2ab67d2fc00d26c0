import { axisOrders } from "@paroattn/reorder";
import { encodeSafetensors, type Tensor, tensor } from "@paroattn/tensor";
import { PlanError } from "../errors.js";
import { checkMasks } from "./check-masks.js";
import type { Plan } from "./plan.js";
import { PLAN_FORMAT, PLAN_VERSION, planSchema } from "./schema.js";

/** The tensors and the metadata of a plan's file. Throws a `PlanError` for a plan that could not be read again. */
export function planContents(plan: Plan): {
  readonly tensors: Readonly<Record<"orders" | "masks", Tensor<"u8">>>;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const { orders, masks, ...rest } = plan;
  const { data, error } = planSchema.safeParse(rest);
  if (data === undefined) {
    const issue = error.issues[0];
    throw new PlanError({
      expected: "a valid plan",
      found: `${issue?.path.join(".")}: ${issue?.message}`,
      cause: error,
    });
  }
  const { layers, heads, layout, buckets } = plan;
  const candidates = axisOrders(layout);
  const indices = Uint8Array.from(orders.flat(), (order) => candidates.indexOf(order));
  const outside = indices.findIndex((index) => index >= candidates.length);
  if (outside !== -1) {
    throw new PlanError({
      expected: `an order of ${candidates}`,
      found: `${orders.flat()[outside]}`,
    });
  }
  checkMasks(plan);
  const bytes = masks.length / (buckets.steps.length * layers * heads);
  return {
    tensors: {
      orders: tensor({ dtype: "u8", shape: [layers, heads], data: indices }),
      masks: tensor({
        dtype: "u8",
        shape: [buckets.steps.length, layers, heads, bytes],
        data: masks,
      }),
    },
    metadata: { format: PLAN_FORMAT, version: PLAN_VERSION, plan: JSON.stringify(data) },
  };
}

/** The bytes of a plan's file, as `writePlan` writes them. Throws as `writePlan`. */
export function encodePlan(plan: Plan): Uint8Array {
  return encodeSafetensors(planContents(plan));
}
