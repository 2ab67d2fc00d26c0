import {
  DEFAULT_ALPHA,
  DEFAULT_EPSILON,
  DEFAULT_SIGMA,
  nativeOrder,
  selectOrders,
} from "@paroattn/reorder";
import type { BucketShare } from "@paroattn/sparse-masks";
import { CalibrationError } from "../errors.js";
import type { Plan } from "../plan/plan.js";
import { measureMasses } from "./measure-masses.js";
import { planFromMasses } from "./plan-from-masses.js";
import { type RunModel, scoreOrders } from "./score-orders.js";

export interface MakePlanOptions {
  /** Runs the model on every calibration prompt with the strategy; called twice. */
  readonly generate: RunModel;
  /** Share of all valid query-key pairs to compute, in (0, 1]. Default: 0.3. */
  readonly density?: number;
  /** The calibration's prompts and seeds, for the record: evaluation must not use them. */
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  /** Weight of sparsity against incoherence in the choice of orders, in [0, 1]. Default: 0.5. */
  readonly alpha?: number;
  /** Share of small entries that makes a block sparse. Default: 0.9. */
  readonly sigma?: number;
  /** Entries of the softmax map below this are small. Default: 1e-3; see `epsilonFor`. */
  readonly epsilon?: number;
  /** Which steps share a mask. Default: the first half has one a step, the second half shares one. */
  readonly share?: BucketShare;
  /** `native` keeps every head in sequence order: masks alone, the baseline that the reorder is measured against. Default: `best`. */
  readonly orders?: "best" | "native";
  readonly signal?: AbortSignal;
}

/**
 * Calibrates a plan in two passes over the prompts: the first chooses an order per head, the second measures the
 * blocks of that order (PAROAttention §4.1 and §4.2). Memory does not grow with prompts; long sequences use a scratch file.
 *
 * @throws CalibrationError without prompts or where `generate` does not use the strategy; SparseMaskError for a
 * density that cannot be; whatever `generate` throws.
 */
export async function makePlan(options: MakePlanOptions): Promise<Plan> {
  const { generate, prompts, seeds, density = 0.3, signal } = options;
  const { alpha = DEFAULT_ALPHA, sigma = DEFAULT_SIGMA, epsilon = DEFAULT_EPSILON } = options;
  if (prompts.length === 0)
    throw new CalibrationError("Expected at least one prompt but found none");
  // Before the work, not after it.
  if (!(density > 0 && density <= 1)) {
    throw new CalibrationError(`Expected density in (0, 1] but found ${density}`);
  }
  signal?.throwIfAborted();
  const { model, orders, scores } = await scoreOrders({ generate, sigma, epsilon });
  const native = nativeOrder(model.layout);
  const chosen = scores.map((layer) =>
    options.orders === "native"
      ? layer.map(() => native)
      : selectOrders({ orders, scores: layer, alpha }),
  );
  signal?.throwIfAborted();
  const masses = await measureMasses({
    generate,
    orders: chosen,
    ...(options.share !== undefined && { share: options.share }),
  });
  try {
    return await planFromMasses({
      masses,
      density,
      selection: { alpha, sigma, epsilon },
      calibration: { prompts: [...prompts], seeds: [...seeds] },
    });
  } finally {
    await masses.close();
  }
}
