import type { LayerView } from "@paroattn/attention";
import { COLOURS, colourAt, GREYS, hexColour, type Rgb } from "./colour-scale.js";
import { describeBranches } from "./describe.js";
import { type MassScale, massAt } from "./mass-scale.js";
import { FAINT, INK } from "./palette.js";
import type { InspectionSubject } from "./subject.js";
import { drawText, textWidth, wrapText } from "./text.js";

/** Of the two bars with their names and ticks. */
export const LEGEND_HEIGHT = 90;
const BAR_WIDTH = 448;
const BAR_HEIGHT = 16;
const STRIPES = 112;

/** The colours of the maps and what they mean: kept blocks beside dropped ones. */
export function drawLegend(options: {
  readonly scale: MassScale;
  readonly x: number;
  readonly y: number;
}): string {
  const { scale, x, y } = options;
  const second = x + BAR_WIDTH + 52;
  return [
    drawText("mass of a block (log scale)", { x, y: y + 14, size: 15, colour: INK }),
    drawBar(COLOURS, { x, y: y + 24 }),
    drawText("mass of a dropped block (log scale)", {
      x: second,
      y: y + 14,
      size: 15,
      colour: INK,
    }),
    drawBar(GREYS, { x: second, y: y + 24 }),
    ...[x, second].map((left) => drawTicks(scale, { x: left, y: y + 24 + BAR_HEIGHT })),
  ].join("");
}

function drawBar(scale: readonly Rgb[], at: { readonly x: number; readonly y: number }): string {
  const stripe = BAR_WIDTH / STRIPES;
  return Array.from({ length: STRIPES }, (_, index) => {
    const colour = hexColour(colourAt(scale, index / (STRIPES - 1)));
    return `<rect x="${at.x + index * stripe}" y="${at.y}" width="${stripe}" height="${BAR_HEIGHT}" fill="${colour}"/>`;
  }).join("");
}

/** Masses at the ends, in the middle and halfway; the middle is uniform attention. */
function drawTicks(scale: MassScale, at: { readonly x: number; readonly y: number }): string {
  return [0, 0.25, 0.5, 0.75, 1]
    .map((position) => {
      const name = tickName(scale, position);
      const place = at.x + position * BAR_WIDTH;
      const half = textWidth(name, 13) / 2;
      const left = Math.min(at.x + BAR_WIDTH - 2 * half, Math.max(at.x, place - half));
      return `<path d="M${place} ${at.y}v5" stroke="${FAINT}"/>${drawText(name, { x: left, y: at.y + 19, size: 13, colour: FAINT })}`;
    })
    .join("");
}

function tickName(scale: MassScale, position: number): string {
  const mass = String(Number(massAt(scale, position).toPrecision(2)));
  if (position === 0) return `< ${mass}`;
  if (position === 1) return `> ${mass}`;
  return position === 0.5 ? `${mass}, uniform` : mass;
}

/** How to read the picture, in lines of at most `width` pixels. */
export function readingNotes(
  { plan }: InspectionSubject,
  view: LayerView,
  width: number,
): string[] {
  const { alpha, sigma, epsilon, orders } = plan.scoring;
  const choice =
    orders === "chosen"
      ? "the plan's order was chosen from averages over its calibration's prompts, steps and branches"
      : "the plan's order was forced, not chosen";
  const text = view.layout.textTokens > 0 ? " White lines part the text from the grid." : "";
  return [
    `A square is a block of ${plan.blockSize} by ${plan.blockSize} entries of the softmax map, tokens in the panel's order; its mass is the share of its queries' attention that it holds. Masses and scores are of this step of a dense run, ${describeBranches(view)}; ${choice}.${text}`,
    `M_sparse: share of blocks with at least ${100 * sigma}% of their entries below ${epsilon}. M_quant: maximum / mean of a block's entries, on average. Cost: ${formatWeight(1 - alpha)} × M_quant − ${formatWeight(alpha)} × M_sparse, each as a share of its sum over the orders; lowest is best.`,
  ].flatMap((note) => wrapText(note, { size: 15, width, lines: 6 }));
}

function formatWeight(weight: number): string {
  return String(Math.round(weight * 1000) / 1000);
}
