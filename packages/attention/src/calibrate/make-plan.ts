import { tmpdir } from "node:os";
import {
  type AxisOrder,
  DEFAULT_ALPHA,
  DEFAULT_EPSILON,
  DEFAULT_SIGMA,
  epsilonFor,
  nativeOrder,
  tokenCount,
} from "@paroattn/reorder";
import { CalibrationError } from "../errors.js";
import type { CriterionKind } from "../masks/criterion-for-density.js";
import { DEFAULT_MEMORY_LIMIT } from "../masks/mass-store.js";
import type { Plan } from "../plan/plan.js";
import { checkOptions, checkSubject } from "./check-options.js";
import type { CalibrationOptions } from "./options.js";
import { planFromMasses } from "./plan-from-masses.js";
import { scoreOrders } from "./score-orders.js";
import type { CalibrationSubject } from "./subject.js";
import { sumMasses } from "./sum-masses.js";
import type { WatchProgress } from "./watch.js";

const DEFAULT_TEXT_ONLY_SHARE = 0.99;

/**
 * Makes a plan for PARO attention by watching a model draw the calibration prompts with dense attention: a first pass
 * chooses each head's axis order, a second one sums the mass of every block in that order, from which a criterion (by
 * default one threshold for all heads) keeps the share of blocks that was asked for (PAROAttention sections 4.1 and 4.2).
 *
 * Throws a `CalibrationError` for options out of range and for generations of different models or sizes, a
 * `SparseMaskError` for a density below what the text and one visual key block per visual query block need, the signal's reason when
 * it is aborted, and whatever `generate` throws.
 *
 * @example
 * const plan = await makePlan({
 *   density: 0.3,
 *   prompts: ["a red circle"],
 *   seeds: [1],
 *   generate: async (attention) => {
 *     await pipeline.generate({ prompt: "a red circle", seed: 1, attention });
 *   },
 * });
 */
export async function makePlan(
  options: CalibrationOptions & {
    /** Share of all valid query-key pairs to compute, in (0, 1]. */
    readonly density: number;
    /** How blocks are chosen. Default: "globalBudget". */
    readonly criterion?: CriterionKind;
  },
): Promise<Plan> {
  const { density, criterion, ...others } = options;
  const [plan] = await makePlans({
    ...others,
    densities: [density],
    ...(criterion !== undefined && { criteria: [criterion] }),
  });
  return plan!;
}

/**
 * Several plans from one calibration, whose passes over the model they share: one per density for the first criterion, then for
 * the next. Throws as `makePlan`.
 */
export async function makePlans(
  options: CalibrationOptions & {
    /** Shares of all valid query-key pairs to compute, each in (0, 1]. */
    readonly densities: readonly number[];
    /** Ways to choose blocks; each is brought to the density. Default: "globalBudget" alone. */
    readonly criteria?: readonly CriterionKind[];
  },
): Promise<Plan[]> {
  const {
    densities,
    criteria = ["globalBudget"],
    generate,
    prompts,
    forcedOrders,
    signal,
  } = options;
  const { alpha = DEFAULT_ALPHA, sigma = DEFAULT_SIGMA } = options;
  const { share, ownBuckets, textOnlyShare = DEFAULT_TEXT_ONLY_SHARE } = options;
  checkOptions(options, { densities, criteria });
  const epsilon = (subject: CalibrationSubject) => {
    const { epsilon = DEFAULT_EPSILON } = options;
    return typeof epsilon === "number"
      ? epsilon
      : epsilonFor({ tokens: tokenCount(subject.layout), c: epsilon.c });
  };
  const passes = forcedOrders === undefined ? 2 : 1;
  const progressOf =
    (pass: number) =>
    ({ generation, site, sites }: WatchProgress) => {
      const fraction = Math.min(1, (generation + site / sites) / prompts.length);
      options.onProgress?.({ pass, passes, fraction });
    };
  const begin = (subject: CalibrationSubject) => checkSubject(subject, options);

  let orders = forcedOrders;
  if (orders === undefined) {
    const { watchSteps } = options;
    const onProgress = progressOf(1);
    const scoring = scoreOrders({ begin, epsilon, sigma, watchSteps, onProgress, signal });
    await generate(scoring.strategy);
    orders = scoring.choose(alpha);
  }
  signal?.throwIfAborted();
  using summing = sumMasses({
    begin,
    epsilon,
    sharing: { ...(share && { share }), ...(ownBuckets !== undefined && { ownBuckets }) },
    orders: (subject) => ordersFor(subject, orders),
    memoryLimit: options.memoryLimit ?? DEFAULT_MEMORY_LIMIT,
    scratchFolder: options.scratchFolder ?? tmpdir(),
    onProgress: progressOf(passes),
    signal,
  });
  await generate(summing.strategy);
  const plans: Plan[] = [];
  const asked = criteria.flatMap((criterion) =>
    densities.map((density) => ({ criterion, density })),
  );
  for (const { criterion, density } of asked) {
    plans.push(
      await planFromMasses({
        summing,
        criterion,
        density,
        textOnlyShare: textOnlyShare === "off" ? undefined : textOnlyShare,
        calibration: {
          prompts: [...prompts],
          seeds: [...options.seeds],
          ...(options.settings && { settings: { ...options.settings } }),
        },
        scoring: {
          orders: forcedOrders === undefined ? "chosen" : "forced",
          alpha,
          sigma,
          epsilon: epsilon(summing.subject()),
        },
        packages: options.packages,
        signal,
      }),
    );
  }
  return plans;
}

function ordersFor(
  { layout, layers, heads }: CalibrationSubject,
  orders: CalibrationOptions["forcedOrders"],
): readonly (readonly AxisOrder[])[] {
  if (orders === "native") {
    const native = new Array<AxisOrder>(heads).fill(nativeOrder(layout));
    return Array.from({ length: layers }, () => native);
  }
  if (orders?.length === layers) return orders;
  throw new CalibrationError({
    expected: `orders for ${layers} layers, as the first pass saw them,`,
    found: `${orders?.length}`,
  });
}
