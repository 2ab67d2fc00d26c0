import { variantName } from "./attention/quantized-variants.js";
import { type ConformanceCase, reasonToSkip } from "./case.js";
import { attentionCases } from "./cases/attention.js";
import { attentionIdentityCases } from "./cases/attention-identities.js";
import { blockStatisticsCases } from "./cases/block-statistics.js";
import { conv2dCases } from "./cases/conv2d.js";
import { conv3dCases } from "./cases/conv3d.js";
import { elementwiseCases } from "./cases/elementwise.js";
import { failureCases } from "./cases/failures.js";
import { feedForwardCases } from "./cases/feed-forward.js";
import { lifecycleCases } from "./cases/lifecycle.js";
import { linearCases } from "./cases/linear.js";
import { movementCases } from "./cases/movement.js";
import { normCases } from "./cases/norms.js";
import { quantizedAttentionCases } from "./cases/quantized-attention.js";
import { refusalCases } from "./cases/refusals.js";
import { scopeCases } from "./cases/scopes.js";
import { specialValueCases } from "./cases/special-values.js";
import { unstatedVariants, unsupportedCases } from "./cases/unsupported.js";
import { type ConformanceOptions, settingsOf } from "./options.js";

/** A case that the stated backend is not held to. */
export interface SkippedCase {
  readonly name: string;
  readonly operator: string;
  /** Such as "the backend has no linear". */
  readonly why: string;
}

/** The whole suite, for one backend. */
export interface ConformancePlan {
  readonly cases: readonly ConformanceCase[];
  readonly skipped: readonly SkippedCase[];
}

/**
 * Everything that a backend must do as the reference does: every operator on awkward shapes, ownership, failures,
 * signals, timings. Tolerances follow from the dtype and the length of the sums (`tolerance.ts`), not from the case.
 * What a backend states that it has not is skipped and listed, and it must refuse it.
 */
export function planConformance(options: ConformanceOptions = {}): ConformancePlan {
  const settings = settingsOf(options);
  const cases: ConformanceCase[] = [];
  const skipped: SkippedCase[] = [];
  for (const one of everyCase(settings)) {
    const why = reasonToSkip(one, settings);
    if (why === undefined) cases.push(one);
    else skipped.push({ name: one.name, operator: one.operator, why });
  }
  for (const variant of unstatedVariants(settings)) {
    const name = `attention in ${variantName(variant)}`;
    skipped.push({ name, operator: "attention", why: "the backend does not execute it" });
  }
  return { cases: [...cases, ...unsupportedCases(settings)], skipped };
}

/** The cases of `planConformance`. */
export function conformanceCases(options: ConformanceOptions = {}): readonly ConformanceCase[] {
  return planConformance(options).cases;
}

function everyCase(settings: ReturnType<typeof settingsOf>): ConformanceCase[] {
  return [
    ...linearCases(),
    ...feedForwardCases(),
    ...conv2dCases(),
    ...conv3dCases(),
    ...normCases(settings),
    ...elementwiseCases(settings),
    ...movementCases(settings),
    ...attentionCases(settings),
    ...attentionIdentityCases(settings),
    ...quantizedAttentionCases(settings),
    ...blockStatisticsCases(settings),
    ...specialValueCases(settings),
    ...refusalCases(settings),
    ...failureCases(settings),
    ...lifecycleCases(settings),
    ...scopeCases(settings),
  ];
}
