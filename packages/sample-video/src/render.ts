import {
  type BackgroundName,
  type Picture,
  type Point,
  renderScene,
  type SceneObject,
} from "@paroattn/sample-image";
import { clipScenes, type MotionName } from "./scenes.js";

export interface MovingObject extends Omit<SceneObject, "centre"> {
  readonly motion: MotionName;
  /** The middle of its path, in units: 256 span a frame. */
  readonly middle: Point;
}

export interface ClipScene {
  readonly background: BackgroundName;
  /** Later ones are drawn over earlier ones. */
  readonly objects: readonly MovingObject[];
}

/**
 * Draws a clip of 49 frames as `scenes.json` says, anti-aliased; the same scene gives the same bytes, and those of the
 * training's renderer.
 *
 * @param options.size side of the frames in pixels. Default: 64.
 * @throws SampleImageError if the size is not whole and positive.
 */
export function renderClip(scene: ClipScene, options: { readonly size?: number } = {}): Picture[] {
  const { size = clipScenes.clip.width } = options;
  return Array.from({ length: clipScenes.clip.frames }, (_, frame) => {
    const objects = scene.objects.map((object) => ({ ...object, centre: centreIn(frame, object) }));
    return renderScene({ background: scene.background, objects }, { size });
  });
}

function centreIn(frame: number, { motion, middle }: MovingObject): Point {
  const { clip, motions, path } = clipScenes;
  const way = (frame - (clip.frames - 1) / 2) * path.step;
  const [x, y] = motions[motion];
  return [middle[0] + x * way, middle[1] + y * way];
}
