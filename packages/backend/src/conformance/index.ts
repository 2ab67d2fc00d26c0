export type { ConformanceCase, ConformanceContext } from "./case.js";
export {
  type ConformancePlan,
  conformanceCases,
  planConformance,
  type SkippedCase,
} from "./conformance-cases.js";
export {
  type DeclareTest,
  type DescribeConformanceOptions,
  describeConformance,
} from "./describe-conformance.js";
export { ConformanceError } from "./errors.js";
export type { ConformanceOptions, OperatorName } from "./options.js";
export {
  type ConformanceResult,
  type RunConformanceOptions,
  runConformance,
} from "./run-conformance.js";
