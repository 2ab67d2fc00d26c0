export { cleanCaption } from "./captions/clean-caption.js";
export { PipelineError } from "./errors.js";
export { compareWithReference, type Fidelity } from "./fidelity/fidelity.js";
export type { Picture } from "./fidelity/picture.js";
export { structuralSimilarity } from "./fidelity/structural-similarity.js";
export { imageArchitectures, loadPipeline, videoArchitectures } from "./load-pipeline.js";
export type {
  GenerateOptions,
  GenerateProgress,
  GenerateResult,
  GenerateTimings,
  LoadPipelineOptions,
  Pipeline,
} from "./pipeline.js";
export type { OnSpan, Span } from "./profile/spans.js";
export { normalNoise } from "./random/normal-noise.js";
