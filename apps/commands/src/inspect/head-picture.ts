import type { HeadView, LayerView } from "@paroattn/attention";
import { isTextBlock } from "@paroattn/reorder";
import sharp, { type OverlayOptions } from "sharp";
import { describeBucket, describeOrder, formatNumber, formatPercent } from "./describe.js";
import { drawLegend, LEGEND_HEIGHT, readingNotes } from "./legend.js";
import { type MapGrid, mapGrid, mapPixels } from "./map-pixels.js";
import { type MassScale, massScale } from "./mass-scale.js";
import { ACCENT, BACKGROUND, CARD, FAINT, INK, LINE } from "./palette.js";
import type { InspectionSubject } from "./subject.js";
import { drawText, textWidth, wrapText } from "./text.js";

/** The smallest edge of a map, in pixels; 7 a block for 4,096 tokens. Narrower cards would not hold their lines. */
const MAP_EDGE = 448;
const MARGIN = 28;
const GAP = 20;
const PADDING = 16;
/** Panels side by side: both orders of an image and the mask; six orders of a video and the mask in two rows. */
const MOST_COLUMNS = 4;
/** Above the map: title, and the axes' names. */
const CARD_HEAD = 66;
/** Below the map: three lines of numbers. */
const CARD_FOOT = 92;
const HEADER = 124;

interface Panel {
  readonly title: string;
  readonly subtitle: string;
  /** Framed in the accent colour. */
  readonly planned: boolean;
  readonly tag?: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
  readonly masked: boolean;
  readonly masses: Float64Array;
}

/** Where a panel stands; maps are placed on whole pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** A head's picture and where its maps are, for whoever reads pixels. */
export interface HeadPicture {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
  /** Upper left corner of each map, in order of the panels: the orders, then the mask. */
  readonly maps: readonly Place[];
  readonly grid: MapGrid;
}

/** One head as one picture: its block map in each order with the scores, the plan's order framed, the mask over it, and a legend. */
export async function drawHead(
  subject: InspectionSubject,
  view: LayerView,
  head: HeadView,
): Promise<HeadPicture> {
  const { blocks } = view.partition;
  const scale = massScale(blocks);
  const grid = mapGrid(blocks, MAP_EDGE);
  const panels = panelsOf(view, head);
  const columns = Math.min(panels.length, MOST_COLUMNS);
  const rows = Math.ceil(panels.length / columns);
  const cardWidth = grid.edge + 2 * PADDING;
  const cardHeight = CARD_HEAD + grid.edge + CARD_FOOT;
  const width = 2 * MARGIN + columns * cardWidth + (columns - 1) * GAP;
  const notes = readingNotes(subject, view, width - 2 * MARGIN);
  const cardsEnd = HEADER + rows * (cardHeight + GAP);
  const height = cardsEnd + LEGEND_HEIGHT + notes.length * NOTE_LINE + MARGIN;
  const cards = panels.map((_, index) => ({
    x: MARGIN + (index % columns) * (cardWidth + GAP),
    y: HEADER + Math.floor(index / columns) * (cardHeight + GAP),
  }));
  const maps = cards.map(({ x, y }) => ({ x: x + PADDING, y: y + CARD_HEAD }));
  const background = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<rect width="${width}" height="${height}" fill="${BACKGROUND}"/>`,
    drawHeader(subject, view, { head: head.head, width }),
    ...panels.map((panel, index) =>
      drawCard(panel, { ...cards[index]!, width: cardWidth, height: cardHeight }),
    ),
    drawLegend({ scale, x: MARGIN, y: cardsEnd + 8 }),
    ...notes.map((note, index) =>
      drawText(note, {
        x: MARGIN,
        y: cardsEnd + LEGEND_HEIGHT + (index + 1) * NOTE_LINE - 6,
        size: 15,
        colour: FAINT,
      }),
    ),
    "</svg>",
  ].join("\n");
  const png = await sharp(Buffer.from(background))
    .composite([
      ...panels.map((panel, index) =>
        mapLayer(panel, { view, head, scale, grid, at: maps[index]! }),
      ),
      { input: Buffer.from(textBorders(view, { width, height, maps, grid })), left: 0, top: 0 },
    ])
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { png, width, height, maps, grid };
}

const NOTE_LINE = 22;

function panelsOf(view: LayerView, head: HeadView): Panel[] {
  const { orders, planned, cheapest, mask } = head;
  const total = mask.queryBlocks * mask.keyBlocks;
  const panels = orders.map(({ order, sparse, quant, cost, masses }): Panel => {
    return {
      title: order,
      subtitle: describeOrder(order, view.layout),
      planned: order === planned,
      ...(order === cheapest && order !== planned && { tag: "cheapest at this step" }),
      ...(order === planned && { tag: "the plan's order" }),
      rows: [
        ["M_sparse, share of sparse blocks", formatNumber(sparse)],
        ["M_quant, mean incoherence Ψ", formatNumber(quant)],
        [
          order === cheapest ? "combined cost, the lowest" : "combined cost",
          formatNumber(cost).replace("-", "−"),
        ],
      ],
      masked: false,
      masses,
    };
  });
  const { masses } = orders.find(({ order }) => order === planned)!;
  panels.push({
    title: "Mask",
    planned: false,
    subtitle: `over ${planned}, for ${describeBucket(view.bucket)}`,
    rows: [
      ["density, computed pairs of all", formatPercent(head.density)],
      ["kept mass, softmax inside kept blocks", formatPercent(head.keptMass)],
      ["kept blocks", `${mask.count.toLocaleString("en")} of ${total.toLocaleString("en")}`],
    ],
    masked: true,
    masses,
  });
  return panels;
}

function drawHeader(
  { prompt, seed, plan }: InspectionSubject,
  view: LayerView,
  { head, width }: { readonly head: number; readonly width: number },
): string {
  const title = `Layer ${view.layer}, head ${head}`;
  const inner = width - 2 * MARGIN;
  const place = [
    `step ${view.step} (0 to ${view.steps - 1})`,
    `timestep ${formatTimestep(view.timestep)}`,
    `seed ${seed}`,
    `plan of density ${plan.density.asked}`,
  ].join("  ·  ");
  const [line = ""] = wrapText(prompt === "" ? "(no prompt)" : `"${prompt}"`, {
    size: 19,
    width: inner,
    lines: 1,
  });
  return [
    drawText(title, { x: MARGIN, y: 46, size: 30, colour: INK, bold: true }),
    drawText(line, { x: MARGIN, y: 78, size: 19, colour: INK }),
    drawText(place, { x: MARGIN, y: 106, size: 16, colour: FAINT }),
  ].join("");
}

function formatTimestep(timestep: number): string {
  return String(Math.round(timestep * 10) / 10);
}

function drawCard(
  panel: Panel,
  card: Place & { readonly width: number; readonly height: number },
): string {
  const { title, subtitle, planned, tag, rows } = panel;
  const { x, y, width, height } = card;
  const left = x + PADDING;
  const right = x + width - PADDING;
  const stroke = planned ? `stroke="${ACCENT}" stroke-width="4"` : `stroke="${LINE}"`;
  return [
    `<rect x="${x + 0.5}" y="${y + 0.5}" width="${width - 1}" height="${height - 1}" rx="8" fill="${CARD}" ${stroke}/>`,
    drawText(title, { x: left, y: y + 32, size: 22, colour: INK, bold: true }),
    drawText(subtitle, {
      x: left + textWidth(title, 22) + 12,
      y: y + 32,
      size: 15,
      colour: FAINT,
    }),
    tag === undefined
      ? ""
      : drawText(tag, {
          x: right,
          y: y + 56,
          size: 15,
          colour: planned ? ACCENT : FAINT,
          bold: true,
          align: "right",
        }),
    drawText("queries ↓   keys →", { x: left, y: y + 56, size: 13, colour: FAINT }),
    ...rows.flatMap(([label, value], index) => {
      const baseline = y + height - CARD_FOOT + 28 + index * 24;
      return [
        drawText(label, { x: left, y: baseline, size: 15, colour: FAINT }),
        drawText(value, {
          x: right,
          y: baseline,
          size: 16,
          colour: INK,
          bold: true,
          align: "right",
        }),
      ];
    }),
  ].join("");
}

function mapLayer(
  { masses, masked }: Panel,
  options: {
    readonly view: LayerView;
    readonly head: HeadView;
    readonly scale: MassScale;
    readonly grid: MapGrid;
    readonly at: Place;
  },
): OverlayOptions {
  const { view, head, scale, grid, at } = options;
  const { blocks } = view.partition;
  const { data, edge } = mapPixels({
    masses,
    blocks,
    scale,
    grid,
    ...(masked && { mask: head.mask }),
  });
  const raw = { width: edge, height: edge, channels: 3 } as const;
  return { input: Buffer.from(data.buffer), raw, left: at.x, top: at.y };
}

/** A line between text and grid in every map; nothing where the sequence has no text. */
function textBorders(
  { partition }: LayerView,
  options: {
    readonly width: number;
    readonly height: number;
    readonly maps: readonly Place[];
    readonly grid: MapGrid;
  },
): string {
  const { width, height, maps, grid } = options;
  const lines: string[] = [];
  for (let block = 1; block < partition.blocks; block++) {
    if (isTextBlock(partition, block) === isTextBlock(partition, block - 1)) continue;
    const at = (block * grid.scale) / grid.pool;
    for (const { x, y } of maps) {
      lines.push(`M${x} ${y + at}h${grid.edge}M${x + at} ${y}v${grid.edge}`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path d="${lines.join("")}" stroke="#fff" stroke-width="1.5"/></svg>`;
}
