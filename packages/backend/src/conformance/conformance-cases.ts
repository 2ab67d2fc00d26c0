import type { ConformanceCase } from "./case.js";
import { attentionCases } from "./cases/attention.js";
import { attentionIdentityCases } from "./cases/attention-identities.js";
import { blockStatisticsCases } from "./cases/block-statistics.js";
import { conv2dCases } from "./cases/conv2d.js";
import { elementwiseCases } from "./cases/elementwise.js";
import { failureCases } from "./cases/failures.js";
import { lifecycleCases } from "./cases/lifecycle.js";
import { linearCases } from "./cases/linear.js";
import { movementCases } from "./cases/movement.js";
import { normCases } from "./cases/norms.js";
import { refusalCases } from "./cases/refusals.js";
import { scopeCases } from "./cases/scopes.js";
import { specialValueCases } from "./cases/special-values.js";

/**
 * Everything that a backend must do as the reference does: every operator on awkward shapes, ownership, failures,
 * signals, timings. Tolerances follow from the dtype and the length of the sums (`tolerance.ts`), not from the case.
 */
export function conformanceCases(): ConformanceCase[] {
  return [
    ...linearCases(),
    ...conv2dCases(),
    ...normCases(),
    ...elementwiseCases(),
    ...movementCases(),
    ...attentionCases(),
    ...attentionIdentityCases(),
    ...blockStatisticsCases(),
    ...specialValueCases(),
    ...refusalCases(),
    ...failureCases(),
    ...lifecycleCases(),
    ...scopeCases(),
  ];
}
