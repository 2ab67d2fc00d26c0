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
