export type { ConformanceCase, ConformanceContext } from "./case.js";
export { conformanceCases } from "./conformance-cases.js";
export { type DescribeConformanceOptions, describeConformance } from "./describe-conformance.js";
export { ConformanceError } from "./errors.js";
