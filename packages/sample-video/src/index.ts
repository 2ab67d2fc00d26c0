export { type ClipCaption, type ClipCaptionObject, parseClipCaption } from "./caption.js";
export {
  type ClipChecks,
  type ClipResult,
  checkClipCaption,
  type MoverChecks,
} from "./check/check-caption.js";
export { type ClipContent, type FoundMover, findMovers } from "./check/find-movers.js";
export type { Sighting } from "./check/motion.js";
export { type MotionError, motionError } from "./check/motion-error.js";
export type { Clip } from "./clip.js";
export { SampleVideoError } from "./errors.js";
export { readClipPrompts } from "./files.js";
export { type ClipScene, type MovingObject, renderClip } from "./render.js";
export {
  type ClipSpecification,
  clipScenes,
  type MotionName,
  type PromptSetName,
} from "./scenes.js";
