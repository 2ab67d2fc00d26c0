import type { App, Drawing } from "@paroattn/commands";
import { writePicture } from "@paroattn/commands";
import {
  checkCaption,
  checkpointFolder,
  parseCaption,
  planFile,
  readPrompts,
  recommendedGuidance,
  SampleImageError,
  scenes,
} from "@paroattn/sample-image";
import packageJson from "../package.json" with { type: "json" };

/** Pictures, as PNG files, by default of the sample model. */
export const imageApp: App = {
  name: "image-dit",
  description: packageJson.description,
  version: packageJson.version,
  module: import.meta.url,
  kind: "image",
  defaults: { steps: 20, guidance: 4.5 },
  files: {
    extensions: [".png"],
    description: "PNG file",
    check: async () => {},
    write: (file, [picture]) => writePicture(file, picture!),
  },
  sample: {
    name: "sample-image",
    folder: checkpointFolder,
    planFile,
    steps: 20,
    guidance: recommendedGuidance,
    size: { width: scenes.picture.width, height: scenes.picture.height },
    calibrationPrompts: () => readPrompts("calibration"),
    heldOutPrompts: () => readPrompts("heldoutOne"),
  },
  captionRight,
};

/** The checker knows the sample scenes only, and an empty caption says nothing that could be wrong. */
function captionRight([picture]: Drawing, prompt: string): boolean | null {
  try {
    if (parseCaption(prompt).objects.length === 0) return null;
  } catch (error) {
    if (SampleImageError.isInstance(error)) return null;
    throw error;
  }
  return checkCaption(picture!, prompt).correct;
}
