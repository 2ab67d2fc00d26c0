import type { BenchCase } from "../../measure/case.js";
import type { SuiteContext } from "../suite.js";
import { denseCases } from "./dense.js";
import { frontCases } from "./front.js";
import { planCases } from "./plans.js";
import { precisionCases } from "./precisions.js";
import { sparseCases } from "./sparse.js";
import { statisticsCases } from "./statistics.js";
import { threadCases } from "./threads.js";

/** `npm run bench -- attention`. */
export function attentionCases(context: SuiteContext): BenchCase[] {
  return [
    ...denseCases(context),
    ...sparseCases(context),
    ...planCases(context),
    ...precisionCases(context),
    ...frontCases(context),
    ...statisticsCases(context),
    ...threadCases(context),
  ];
}
