import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Picture } from "@paroattn/pipelines";
import sharp from "sharp";
import { makeFolder } from "../files/make-folder.js";
import { writePicture } from "../files/picture-file.js";
import { hashOf, hashOfBytes } from "./hash.js";

const NAME_DIGITS = 20;

/** Pictures in a folder, named after their content: equal ones are kept once, and none is ever overwritten by another. */
export interface PictureStore {
  /** Writes a picture unless it is there; returns its file name. */
  put(picture: Picture): Promise<string>;
  has(name: string): Promise<boolean>;
  read(name: string): Promise<Picture>;
}

/** Opens (makes) a folder of pictures. Throws an `OutputError` where it cannot be made. */
export async function openPictureStore(folder: string): Promise<PictureStore> {
  await makeFolder(folder);
  const has = (name: string) =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    );
  return {
    has,
    async put(picture) {
      const { width, height, data } = picture;
      const hash = hashOf([width, height, hashOfBytes(data)]).slice(0, NAME_DIGITS);
      const name = `${hash}.png`;
      if (!(await has(name))) await writePicture(join(folder, name), picture);
      return name;
    },
    async read(name) {
      const { data, info } = await sharp(join(folder, name))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, data: new Uint8Array(data) };
    },
  };
}
