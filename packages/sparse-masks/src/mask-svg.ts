import { type BlockPartition, isTextBlock } from "@paroattn/reorder";
import { BlockMask } from "./block-mask.js";
import type { BlockMaskData } from "./block-mask-data.js";
import { refuse } from "./errors.js";

export interface MaskSvgOptions {
  readonly mask: BlockMaskData;
  readonly head: number;
  /** [queryBlocks, keyBlocks]: the head's block masses. With them, a block is the darker the more mass it has. */
  readonly masses?: ArrayLike<number>;
  /** The blocks of the layout on both sides; draws lines where text meets the grid. */
  readonly partition?: BlockPartition;
  /** Edge of a block in pixels. Default: what makes the longer side about 600. */
  readonly blockPixels?: number;
}

/** Shades of mass, lightest first. */
const LEVELS = 8;
/** Kept blocks are blue and dropped ones orange; without masses, the darkest blue and white. Each a pair from faint to full. */
const LIVE = { faint: [198, 219, 239], full: [8, 48, 107] } as const;
const DROPPED = { faint: [255, 247, 236], full: [179, 72, 0] } as const;

/**
 * One head's mask as an SVG picture, for a file or a page: queries downwards, keys to the right, a unit square a block.
 * Over a mass map, what the mask keeps is blue and what it drops is orange, so that a heavy block that is dropped stands out;
 * shades go by the square root of the mass, because few blocks hold most of it.
 *
 * The squares of one state and shade are one `path` with the attributes `data-live` (1 or 0) and `data-level` (0, lightest,
 * to 7), which merges neighbours of a row.
 *
 * Throws a `SparseMaskError` for a head, masses or a partition that do not fit the mask.
 *
 * @example await writeFile("head.svg", maskSvg({ mask, head: 0 }));
 */
export function maskSvg(options: MaskSvgOptions): string {
  const { head, masses, partition } = options;
  const mask = BlockMask.from(options.mask);
  const { queryBlocks, keyBlocks } = mask;
  const longer = Math.max(queryBlocks, keyBlocks);
  const { blockPixels = Math.max(1, Math.round(600 / longer)) } = options;
  if (!(blockPixels > 0 && blockPixels < Number.POSITIVE_INFINITY)) {
    refuse("positive blockPixels", blockPixels);
  }
  const levels = masses ? massLevels(masses, queryBlocks * keyBlocks) : undefined;
  const groups = new Map<number, string>();
  let count = 0;
  for (let query = 0; query < queryBlocks; query++) {
    let runStart = 0;
    let runKey = -1;
    for (let key = 0; key <= keyBlocks; key++) {
      let groupKey = -1;
      if (key < keyBlocks) {
        const live = mask.get(head, query, key);
        if (live) count++;
        const level = levels?.[query * keyBlocks + key] ?? (live ? LEVELS - 1 : 0);
        groupKey = (live ? LEVELS : 0) + level;
      }
      if (groupKey === runKey) continue;
      if (runKey >= 0) {
        const length = key - runStart;
        const square = `M${runStart} ${query}h${length}v1h-${length}z`;
        groups.set(runKey, (groups.get(runKey) ?? "") + square);
      }
      runStart = key;
      runKey = groupKey;
    }
  }
  const paths = [...groups].sort(([a], [b]) => a - b).map(([key, squares]) => path(key, squares));
  const share = (count / (queryBlocks * keyBlocks)).toFixed(3);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${keyBlocks * blockPixels}" height="${queryBlocks * blockPixels}" viewBox="0 0 ${keyBlocks} ${queryBlocks}" shape-rendering="crispEdges">`,
    `<title>Head ${head}: ${count} of ${queryBlocks * keyBlocks} blocks live (${share})</title>`,
    ...paths,
    ...(partition ? textLines(mask, partition) : []),
    "</svg>",
    "",
  ].join("\n");
}

function massLevels(masses: ArrayLike<number>, size: number): Uint8Array {
  if (masses.length !== size) refuse(`${size} masses`, masses.length);
  let heaviest = 0;
  for (let block = 0; block < size; block++) {
    const mass = masses[block] as number;
    if (!(mass >= 0 && mass < Number.POSITIVE_INFINITY)) {
      refuse(`a finite mass of 0 or more for block ${block}`, mass);
    }
    if (mass > heaviest) heaviest = mass;
  }
  return Uint8Array.from({ length: size }, (_, block) =>
    heaviest === 0 ? 0 : Math.round(Math.sqrt((masses[block] as number) / heaviest) * (LEVELS - 1)),
  );
}

function path(key: number, squares: string): string {
  const live = key >= LEVELS;
  const level = key % LEVELS;
  const { faint, full } = live ? LIVE : DROPPED;
  const channels = faint.map((from, i) =>
    Math.round(from + (((full[i] as number) - from) * level) / (LEVELS - 1)),
  );
  const color = channels.map((channel) => channel.toString(16).padStart(2, "0")).join("");
  return `<path data-live="${live ? 1 : 0}" data-level="${level}" fill="#${color}" d="${squares}"/>`;
}

/** A line on each side of the text, where it has a neighbour. */
function textLines(mask: BlockMask, partition: BlockPartition): string[] {
  const { blocks } = partition;
  const { queryBlocks, keyBlocks } = mask;
  if (blocks !== keyBlocks || blocks !== queryBlocks) {
    refuse(`a partition of ${queryBlocks} x ${keyBlocks} blocks`, `${blocks} x ${blocks}`);
  }
  const lines: string[] = [];
  for (let block = 1; block < blocks; block++) {
    if (isTextBlock(partition, block) === isTextBlock(partition, block - 1)) continue;
    lines.push(`M0 ${block}h${blocks}M${block} 0v${blocks}`);
  }
  if (lines.length === 0) return [];
  return [
    `<path fill="none" stroke="#d62728" stroke-width="1.5" vector-effect="non-scaling-stroke" d="${lines.join("")}"/>`,
  ];
}
