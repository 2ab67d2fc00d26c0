import {
  type BackgroundName,
  type ColourName,
  type ShapeName,
  type SizeName,
  scenes,
} from "@paroattn/sample-image";
import { SampleVideoError } from "./errors.js";
import { clipScenes, type MotionName } from "./scenes.js";

/** What a caption says of one object. Parts that it leaves out are undefined. */
export interface ClipCaptionObject {
  readonly shape: ShapeName;
  readonly colour: ColourName | undefined;
  readonly size: SizeName | undefined;
  readonly motion: MotionName | undefined;
}

/** What a caption says. Parts that it leaves out are undefined. */
export interface ClipCaption {
  /** None for the empty caption, else one or two. */
  readonly objects: readonly ClipCaptionObject[];
  readonly background: BackgroundName | undefined;
}

function oneOf(group: string, table: Readonly<Record<string, unknown>>): string {
  return `(?<${group}>${Object.keys(table).join("|")})`;
}

function object(index: number): string {
  const size = oneOf(`size${index}`, scenes.sizes);
  const colour = oneOf(`colour${index}`, scenes.colours);
  const shape = oneOf(`shape${index}`, scenes.shapes);
  const motion = oneOf(`motion${index}`, clipScenes.motions);
  const article = "(?:an(?= orange )|a(?! orange ))";
  return `${article} (?:${size} )?(?:${colour} )?${shape}(?: ${motion})?`;
}

const background = ` on a ${oneOf("background", scenes.backgrounds)} background`;
const grammar = new RegExp(`^${object(0)}(?: and ${object(1)})?(?:${background})?$`);

/**
 * Reads a caption of the sample clips, such as "a small green square moves up on a grey background" or
 * "a star stays still and a large blue circle moves left". The empty caption says nothing.
 *
 * @throws SampleVideoError for a caption outside the grammar of `scenes.json`.
 */
export function parseClipCaption(text: string): ClipCaption {
  if (text === "") return { objects: [], background: undefined };
  const groups = grammar.exec(text)?.groups;
  if (groups === undefined) {
    throw new SampleVideoError(
      `Expected a caption such as "a small green square moves up on a grey background" but found ${JSON.stringify(text)}`,
    );
  }
  const objects = [0, 1]
    .filter((index) => groups[`shape${index}`] !== undefined)
    .map((index) => ({
      shape: groups[`shape${index}`] as ShapeName,
      colour: groups[`colour${index}`] as ColourName | undefined,
      size: groups[`size${index}`] as SizeName | undefined,
      motion: groups[`motion${index}`] as MotionName | undefined,
    }));
  return { objects, background: groups.background as BackgroundName | undefined };
}
