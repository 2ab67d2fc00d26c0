import { SampleImageError } from "./errors.js";
import {
  type BackgroundName,
  type ColourName,
  names,
  type PlaceName,
  type RelationName,
  type ShapeName,
  type SizeName,
  scenes,
} from "./scenes.js";

/** What a caption says of one object. Parts that it leaves out are undefined. */
export interface CaptionObject {
  readonly shape: ShapeName;
  readonly colour: ColourName | undefined;
  readonly size: SizeName | undefined;
}

/** What a caption says. Parts that it leaves out are undefined. */
export interface Caption {
  /** None for the empty caption, else one or two. */
  readonly objects: readonly CaptionObject[];
  /** Where an object that is alone stands. */
  readonly place: PlaceName | undefined;
  /** How the first object stands to the second. */
  readonly relation: RelationName | undefined;
  readonly background: BackgroundName | undefined;
}

/** Longer names first: "top left" must not be taken for "top". */
function oneOf(group: string, table: Readonly<Record<string, unknown>>): string {
  const words = names(table).sort((a, b) => b.length - a.length);
  return `(?<${group}>${words.join("|")})`;
}

function object(index: number): string {
  const size = oneOf(`size${index}`, scenes.sizes);
  const colour = oneOf(`colour${index}`, scenes.colours);
  const article = "(?:an(?= orange )|a(?! orange ))";
  return `${article} (?:${size} )?(?:${colour} )?${oneOf(`shape${index}`, scenes.shapes)}`;
}

const second = ` ${oneOf("relation", scenes.relations)} ${object(1)}`;
const place = ` at the ${oneOf("place", scenes.places)}`;
const background = ` on a ${oneOf("background", scenes.backgrounds)} background`;
const grammar = new RegExp(`^${object(0)}(?:${second}|(?:${place})?)(?:${background})?$`);

/**
 * Reads a caption of the sample scenes, such as "a large red circle at the top left on a white background" or
 * "a star left of a small blue square". The empty caption says nothing.
 *
 * @throws SampleImageError for a caption outside the grammar of `scenes.json`.
 */
export function parseCaption(text: string): Caption {
  const nothing = { place: undefined, relation: undefined, background: undefined };
  if (text === "") return { objects: [], ...nothing };
  const groups = grammar.exec(text)?.groups;
  if (groups === undefined) {
    throw new SampleImageError(
      `Expected a caption such as "a large red circle at the top left on a white background" but found ${JSON.stringify(text)}`,
    );
  }
  const objects = [0, 1]
    .filter((index) => groups[`shape${index}`] !== undefined)
    .map((index) => ({
      shape: groups[`shape${index}`] as ShapeName,
      colour: groups[`colour${index}`] as ColourName | undefined,
      size: groups[`size${index}`] as SizeName | undefined,
    }));
  return {
    objects,
    place: groups.place as PlaceName | undefined,
    relation: groups.relation as RelationName | undefined,
    background: groups.background as BackgroundName | undefined,
  };
}
