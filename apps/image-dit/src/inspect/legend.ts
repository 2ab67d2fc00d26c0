import type { LayerView } from "@paroattn/attention";
import { COLOURS, colourAt, GREYS, hexColour, type Rgb } from "./colour-scale.js";
import { describeBranches } from "./describe.js";
import { type MassScale, massPosition } from "./mass-scale.js";
import { FAINT, INK } from "./palette.js";
import type { InspectionSubject } from "./subject.js";
import { drawText, textWidth, wrapText } from "./text.js";

/** Of the two bars with their names and ticks. */
export const LEGEND_HEIGHT = 92;
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
    drawText("mass of a dropped block", { x: second, y: y + 14, size: 15, colour: INK }),
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

/** Powers of ten, and where uniform attention lies. */
function drawTicks(scale: MassScale, at: { readonly x: number; readonly y: number }): string {
  const ticks: { readonly mass: number; readonly name: string }[] = [];
  for (let power = scale.lowest; power <= scale.highest; power++) {
    const name = power === scale.lowest ? `≤ ${power10(power)}` : power10(power);
    ticks.push({ mass: 10 ** power, name: name.replace("≤", "<") });
  }
  const labels = ticks.map(({ mass, name }) => {
    const place = at.x + massPosition(scale, mass) * BAR_WIDTH;
    const half = textWidth(name, 13) / 2;
    const left = Math.min(at.x + BAR_WIDTH - 2 * half, Math.max(at.x, place - half));
    return `<path d="M${place} ${at.y}v5" stroke="${FAINT}"/>${drawText(name, { x: left, y: at.y + 19, size: 13, colour: FAINT })}`;
  });
  const uniform = at.x + massPosition(scale, scale.uniform) * BAR_WIDTH;
  const mark = `<path d="M${uniform} ${at.y - BAR_HEIGHT}v${BAR_HEIGHT + 5}" stroke="${INK}" stroke-width="1.5"/>`;
  return labels.join("") + mark;
}

/** 1, 0.1, 0.01 ... */
function power10(power: number): string {
  return (10 ** power).toFixed(-power);
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
  const { blockSize, uniform } = { ...plan, uniform: 1 / view.partition.blocks };
  return [
    `A square is a block of ${blockSize} by ${blockSize} entries of the softmax map, tokens in the panel's order; its mass is the share of its queries' attention that it holds (uniform: ${uniform.toPrecision(3)}, the black mark). Masses and scores are of this step of a dense run, ${describeBranches(view)}; ${choice}.`,
    `M_sparse: share of blocks with at least ${100 * sigma}% of their entries below ${epsilon}. M_quant: maximum / mean of a block's entries, on average. Cost: ${formatWeight(1 - alpha)} × M_quant − ${formatWeight(alpha)} × M_sparse, each as a share of its sum over the orders; lowest is best.`,
  ].flatMap((text) => wrapText(text, { size: 15, width, lines: 6 }));
}

function formatWeight(weight: number): string {
  return String(Math.round(weight * 1000) / 1000);
}
