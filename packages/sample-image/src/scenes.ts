import specification from "../scenes.json";

export type ShapeName = "circle" | "square" | "triangle" | "star";
export type ColourName =
  | "red"
  | "orange"
  | "yellow"
  | "green"
  | "cyan"
  | "blue"
  | "purple"
  | "pink";
export type BackgroundName = "white" | "grey" | "black";
export type SizeName = "small" | "large";
export type PlaceName =
  | "top left"
  | "top"
  | "top right"
  | "left"
  | "centre"
  | "right"
  | "bottom left"
  | "bottom"
  | "bottom right";
export type RelationName = "left of" | "right of" | "above" | "below";
export type PromptSetName = "calibration" | "heldoutOne" | "heldoutTwo";

/** 8-bit red, green and blue. */
export type Rgb = readonly [number, number, number];
/** x to the right and y down, in pixels of a 256x256 picture unless said otherwise. */
export type Point = readonly [number, number];

/** Outlines in units of the size, relative to the object's centre. */
export type ShapeOutline = { readonly radius: number } | { readonly polygon: readonly Point[] };

/** The parts of `scenes.json` that pictures and captions are made of. */
export interface SceneSpecification {
  /** `cell` is the width of a latent cell, in pixels. */
  readonly picture: { readonly width: number; readonly height: number; readonly cell: number };
  readonly colours: Readonly<Record<ColourName, Rgb>>;
  readonly backgrounds: Readonly<Record<BackgroundName, Rgb>>;
  readonly shapes: Readonly<Record<ShapeName, ShapeOutline>>;
  /** Widths in pixels. */
  readonly sizes: Readonly<Record<SizeName, number>>;
  /** Centres of an object that is alone. */
  readonly places: Readonly<Record<PlaceName, Point>>;
  /** Centres of the two objects of a caption. */
  readonly relations: Readonly<
    Record<RelationName, { readonly first: Point; readonly second: Point }>
  >;
  /** What is added to centres: multiples of `step` up to a maximum, along and across the relation's axis. */
  readonly jitter: {
    readonly step: number;
    readonly one: { readonly max: number };
    readonly two: { readonly maxAlong: number; readonly maxAcross: number };
  };
  /** Files relative to the package. */
  readonly prompts: Readonly<Record<PromptSetName, string>>;
}

/** Without the notes that the file has for people. */
function parse(): SceneSpecification {
  const { note: _shapesNote, ...shapes } = specification.shapes;
  const { note: _promptsNote, ...prompts } = specification.prompts;
  return { ...specification, shapes, prompts } as unknown as SceneSpecification;
}

/** What the sample pictures show, parsed from `scenes.json`. */
export const scenes: SceneSpecification = parse();

/** The keys of one of the specification's tables, typed. */
export function names<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table) as Name[];
}
