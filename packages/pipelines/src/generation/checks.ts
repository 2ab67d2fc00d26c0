import { expected } from "../errors.js";

/** Returns a whole number in a range; throws `PipelineError` for anything else. */
export function whole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw expected({
    expected: `${name} to be a whole number from ${least} to ${most}`,
    found: describe(value),
  });
}

/** Returns a multiple of `multiple` and, with `more`, so much more; throws `PipelineError` that names the nearest. */
export function multipleOf(
  name: string,
  value: unknown,
  { multiple, more = 0 }: { readonly multiple: number; readonly more?: 0 | 1 },
): number {
  const least = more === 0 ? multiple : more;
  const positive = typeof value === "number" && Number.isFinite(value) && value > 0;
  if (positive && value >= least && (value - more) % multiple === 0) return value;
  const below = positive ? Math.floor((value - more) / multiple) * multiple + more : 0;
  const nearest =
    below >= least ? `nearest are ${below} and ${below + multiple}` : `smallest is ${least}`;
  throw expected({
    expected: `${name} to be ${more === 0 ? "" : "one more than "}a multiple of ${multiple}, the ${nearest},`,
    found: describe(value),
  });
}

export function describe(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : (JSON.stringify(value) ?? String(value));
}
