import type { App, Drawing } from "@paroattn/commands";
import {
  checkClipCaption,
  clipScenes,
  motionError,
  parseClipCaption,
  SampleVideoError,
} from "@paroattn/sample-video";
import packageJson from "../package.json" with { type: "json" };
import { videoFiles } from "./files.js";

/** Videos, as WebP, GIF or MP4 files. */
export const videoApp: App = {
  name: "video-dit",
  description: packageJson.description,
  version: packageJson.version,
  module: import.meta.url,
  kind: "video",
  defaults: { steps: 50, guidance: 6 },
  files: videoFiles,
  captionRight,
  motionError: (clip, options) =>
    captionRight(clip, options.caption) === null
      ? { reference: null, caption: null }
      : motionError(clip, options),
};

/**
 * The checker knows the sample clips only, which are of one length; an empty caption says nothing that could be wrong.
 */
function captionRight(clip: Drawing, prompt: string): boolean | null {
  if (clip.length !== clipScenes.clip.frames) return null;
  try {
    if (parseClipCaption(prompt).objects.length === 0) return null;
  } catch (error) {
    if (SampleVideoError.isInstance(error)) return null;
    throw error;
  }
  return checkClipCaption(clip, prompt).correct;
}
