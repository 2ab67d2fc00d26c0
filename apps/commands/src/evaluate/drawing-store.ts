import { access } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@paroattn/tensor";
import sharp from "sharp";
import type { App, Drawing } from "../app.js";
import { encodeAnimation, stackFrames } from "../files/animation.js";
import { makeFolder } from "../files/make-folder.js";
import { encodePicture } from "../files/picture-file.js";
import { hashOf, hashOfBytes } from "./hash.js";

const NAME_DIGITS = 20;

/** Pictures or videos in a folder, named after their content: equal ones are kept once, and none is ever overwritten by another. */
export interface DrawingStore {
  /** Writes a drawing unless it is there; returns its file name. */
  put(drawing: Drawing): Promise<string>;
  has(name: string): Promise<boolean>;
}

/** One that keeps every byte: PNG, a video's frames one below the other. */
export interface ExactStore extends DrawingStore {
  read(name: string, frames: number): Promise<Drawing>;
}

/** Opens (makes) a folder of exact drawings. Throws an `OutputError` where it cannot be made. */
export async function openExactStore(folder: string): Promise<ExactStore> {
  const encode = (drawing: Drawing) => encodePicture(asOnePicture(drawing));
  return {
    ...(await openStore(folder, { extension: ".png", encode })),
    async read(name, frames) {
      const { data, info } = await sharp(join(folder, name))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const height = info.height / frames;
      const size = 3 * info.width * height;
      return Array.from({ length: frames }, (_, frame) => ({
        width: info.width,
        height,
        data: new Uint8Array(data.subarray(frame * size, (frame + 1) * size)),
      }));
    },
  };
}

/** Opens (makes) a folder of what a page shows: pictures as PNG, videos as WebP that play. Throws as `openExactStore`. */
export async function openShownStore(
  { kind }: Pick<App, "kind">,
  folder: string,
): Promise<DrawingStore> {
  if (kind === "image") return openExactStore(folder);
  const encode = (drawing: Drawing) => encodeAnimation(drawing, { format: "webp", lossless: true });
  return openStore(folder, { extension: ".webp", encode });
}

async function openStore(
  folder: string,
  format: {
    readonly extension: string;
    readonly encode: (drawing: Drawing) => Promise<Uint8Array>;
  },
): Promise<DrawingStore> {
  const { extension, encode } = format;
  await makeFolder(folder);
  const has = (name: string) =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    );
  return {
    has,
    async put(drawing) {
      const { width, height, data } = asOnePicture(drawing);
      const hash = hashOf([width, height, hashOfBytes(data)]).slice(0, NAME_DIGITS);
      const name = `${hash}${extension}`;
      if (!(await has(name))) {
        await writeFileAtomically(join(folder, name), { data: await encode(drawing) });
      }
      return name;
    },
  };
}

function asOnePicture(drawing: Drawing) {
  const { width, height } = drawing[0]!;
  return { width, height: height * drawing.length, data: stackFrames(drawing) };
}
