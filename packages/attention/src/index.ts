export { type MakePlanOptions, makePlan } from "./calibration/make-plan.js";
export {
  type BlockMasses,
  type MeasureMassesOptions,
  measureMasses,
} from "./calibration/measure-masses.js";
export type { CalibratedModel } from "./calibration/model-info.js";
export { type PlanFromMassesOptions, planFromMasses } from "./calibration/plan-from-masses.js";
export {
  type OrderScores,
  type RunModel,
  type ScoreOrdersOptions,
  scoreOrders,
} from "./calibration/score-orders.js";
export { CalibrationError, PlanError } from "./errors.js";
export { PLAN_BLOCK_SIZE, PLAN_FORMAT_VERSION, type Plan, planMask } from "./plan/plan.js";
export { parsePlan, readPlan } from "./plan/read-plan.js";
export { encodePlan, writePlan } from "./plan/write-plan.js";
export { denseAttention } from "./strategies/dense.js";
export { paroAttention } from "./strategies/paro.js";
export type {
  AttentionFront,
  AttentionReport,
  AttentionRun,
  AttentionSite,
  AttentionStrategy,
  GenerationInfo,
  GuidanceBranch,
  SiteDecision,
} from "./strategy.js";
