import { describeLayout, layoutsEqual, type TokenLayout } from "@paroattn/reorder";

/** What a plan, or one calibration, is made for. */
export interface ModelShape {
  /** The transformer's class name. */
  readonly architecture: string;
  readonly layout: TokenLayout;
  /** Attention layers. */
  readonly layers: number;
  /** Heads of each layer. */
  readonly heads: number;
}

/** What differs between two models, in words; undefined where nothing does. */
export function differences(
  expected: ModelShape,
  found: ModelShape,
): { readonly expected: string; readonly found: string } | undefined {
  const pairs: (readonly [string, string])[] = [];
  if (expected.architecture !== found.architecture) {
    const name = (model: ModelShape) => `architecture ${JSON.stringify(model.architecture)}`;
    pairs.push([name(expected), name(found)]);
  }
  if (!layoutsEqual(expected.layout, found.layout)) {
    const name = (model: ModelShape) => `layout ${describeLayout(model.layout)}`;
    pairs.push([name(expected), name(found)]);
  }
  for (const key of ["layers", "heads"] as const) {
    if (expected[key] !== found[key]) {
      pairs.push([`${expected[key]} ${key}`, `${found[key]} ${key}`]);
    }
  }
  if (pairs.length === 0) return undefined;
  return {
    expected: pairs.map(([left]) => left).join(", "),
    found: pairs.map(([, right]) => right).join(", "),
  };
}
