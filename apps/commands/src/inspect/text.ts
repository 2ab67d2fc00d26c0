import { glyphsOf } from "./glyphs.js";

/** Units of the glyphs in one em: capitals are 10 high, lines stand 14 apart. */
const EM = 14;
/** Space between two letters, and the width of a stroke, in units of the glyphs. */
const SPACING = 2.5;
const STROKE = { plain: 1.15, bold: 1.7 } as const;

export interface TextOptions {
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  /** Height of a line, in pixels; capitals are 10/14 of it. */
  readonly size: number;
  readonly colour: string;
  readonly bold?: boolean;
  /** Which side of the text `x` is. Default: "left". */
  readonly align?: "left" | "right";
}

/** How wide a text is, in pixels. */
export function textWidth(text: string, size: number): number {
  const glyphs = glyphsOf(text);
  const units = glyphs.reduce((sum, { width }) => sum + width + SPACING, 0);
  return (Math.max(0, units - SPACING) * size) / EM;
}

/**
 * A line of text as SVG strokes. With letters of our own, a picture looks the same on a machine without fonts, where SVG
 * text becomes empty boxes.
 */
export function drawText(text: string, options: TextOptions): string {
  const { y, size, colour, bold = false, align = "left" } = options;
  const x = align === "left" ? options.x : options.x - textWidth(text, size);
  let at = 0;
  const paths = glyphsOf(text).map(({ width, path }) => {
    const start = at;
    at += width + SPACING;
    return path === "" ? "" : `<path transform="translate(${round(start)})" d="${path}"/>`;
  });
  const stroke = bold ? STROKE.bold : STROKE.plain;
  return `<g transform="translate(${round(x)} ${round(y)}) scale(${round(size / EM)})" fill="none" stroke="${colour}" stroke-width="${stroke}" stroke-linecap="round" stroke-linejoin="round">${paths.join("")}</g>`;
}

/** A text cut into lines no wider than `width`; where `lines` are not enough, the last one ends in an ellipsis. */
export function wrapText(
  text: string,
  options: { readonly size: number; readonly width: number; readonly lines: number },
): string[] {
  const { size, width, lines } = options;
  const fits = (line: string) => textWidth(line, size) <= width;
  const wrapped: string[] = [];
  let rest = text.trim().split(/\s+/);
  while (rest.length > 0 && rest[0] !== "") {
    const last = wrapped.length === lines - 1;
    let count = rest.length;
    while (count > 1 && !fits(rest.slice(0, count).join(" "))) count--;
    const line = rest.slice(0, count).join(" ");
    rest = rest.slice(count);
    if (!fits(line) || (last && rest.length > 0)) {
      // A word that is longer than a line ends the text as well.
      wrapped.push(shortened([line, ...rest].join(" "), fits));
      return wrapped;
    }
    wrapped.push(line);
  }
  return wrapped;
}

function shortened(text: string, fits: (text: string) => boolean): string {
  const characters = [...text];
  let low = 0;
  let high = characters.length;
  const cut = (count: number) => `${characters.slice(0, count).join("").trimEnd()}…`;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(cut(middle))) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
