export { type AdaSpaOptions, adaSpa } from "./adaspa/adaspa.js";
export { makePlan, makePlans } from "./calibrate/make-plan.js";
export type { CalibrationOptions, CalibrationProgress } from "./calibrate/options.js";
export {
  type OrderScoring,
  type ScoreOrdersOptions,
  scoreOrders,
} from "./calibrate/score-orders.js";
export type { CalibrationSubject } from "./calibrate/subject.js";
export type { WatchOptions, WatchProgress } from "./calibrate/watch.js";
export { denseAttention } from "./dense.js";
export { type DitFastAttentionOptions, ditFastAttention } from "./ditfastattn/ditfastattn.js";
export { findSharingPlan } from "./ditfastattn/find-sharing-plan.js";
export type {
  FindSharingPlanOptions,
  SharingSearchProgress,
} from "./ditfastattn/search-options.js";
export type { SharingMethod } from "./ditfastattn/sharing-method.js";
export {
  parseSharingPlan,
  readSharingPlan,
  type SharingPlan,
  writeSharingPlan,
} from "./ditfastattn/sharing-plan.js";
export { type DraftAttentionOptions, draftAttention } from "./draft/draft-attention.js";
export { CalibrationError, PlanError, type PlanErrorOptions } from "./errors.js";
export {
  type InspectAttentionOptions,
  type InspectionProgress,
  inspectAttention,
} from "./inspect/inspect-attention.js";
export { InspectionError } from "./inspect/inspection-error.js";
export type { HeadView, LayerView, OrderView } from "./inspect/layer-view.js";
export {
  type MaskObservation,
  type MaskShift,
  maskShift,
  type OverlapSummary,
} from "./mask-shift/mask-shift.js";
export {
  type ObserveMasksOptions,
  observeMasks,
  type StepObservation,
} from "./mask-shift/observe-masks.js";
export type { CriterionKind } from "./masks/criterion-for-density.js";
export type { StepMemory } from "./masks/step-masks.js";
export type { ModelShape } from "./model-match.js";
export { type ParoOptions, paroAttention } from "./paro/paro.js";
export { encodePlan } from "./plan/encode.js";
export { parsePlan, readPlan, writePlan } from "./plan/files.js";
export { type Plan, type PlanCriterion, type PlanScoring, planMask } from "./plan/plan.js";
export {
  describePrecision,
  PRECISION_NAMES,
  precisionFromName,
  precisionName,
} from "./precision-names.js";
export {
  attentionResidual,
  denominatorRatio,
  rampedRatio,
} from "./rettention/denominator-ratio.js";
export type { ResidualPrecision } from "./rettention/keep-residual.js";
export { type RettentionOptions, rettention } from "./rettention/rettention.js";
export { type ReuseAttentionOptions, reuseAttention } from "./reuse-attention.js";
export { pickRows } from "./run/pick-rows.js";
export { defaultSchedule } from "./schedule/default-schedule.js";
export { ScheduleError } from "./schedule/schedule-error.js";
export {
  type StepChoice,
  type StepRole,
  type StepSchedule,
  stepRoles,
} from "./schedule/step-schedule.js";
export { type SparseVideoGenOptions, sparseVideoGen } from "./sparse-videogen/sparse-videogen.js";
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
export { StrategyError } from "./strategy-error.js";
export { type WindowAttentionOptions, windowAttention } from "./window/window-attention.js";
export {
  type WindowMask,
  type WindowMaskOptions,
  type WindowWidth,
  windowMask,
} from "./window/window-mask.js";
