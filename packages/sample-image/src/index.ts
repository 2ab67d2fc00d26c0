export { type Caption, type CaptionObject, parseCaption } from "./caption.js";
export {
  type CaptionChecks,
  type CaptionResult,
  checkCaption,
  type ObjectChecks,
} from "./check/check-caption.js";
export { type FoundObject, findObjects, type PictureContent } from "./check/find-objects.js";
export { SampleImageError } from "./errors.js";
export { checkpointFolder, planFile, readPrompts, recommendedGuidance } from "./files.js";
export type { Picture } from "./picture.js";
export { renderScene, type Scene, type SceneObject } from "./render.js";
export {
  type BackgroundName,
  type ColourName,
  type PlaceName,
  type Point,
  type PromptSetName,
  type RelationName,
  type Rgb,
  type SceneSpecification,
  type ShapeName,
  type ShapeOutline,
  type SizeName,
  scenes,
} from "./scenes.js";
