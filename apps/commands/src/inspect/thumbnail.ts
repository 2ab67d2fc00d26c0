import type { HeadView, LayerView } from "@paroattn/attention";
import sharp from "sharp";
import { mapGrid, mapPixels } from "./map-pixels.js";
import { massScale } from "./mass-scale.js";

const EDGE = 128;

/** The mask over the map in the plan's order, small: a PNG of 128 to 255 pixels a side. */
export async function drawThumbnail(view: LayerView, head: HeadView): Promise<Buffer> {
  const { blocks } = view.partition;
  const { masses } = head.orders.find(({ order }) => order === head.planned)!;
  const grid = mapGrid(blocks, EDGE);
  const { edge, data } = mapPixels({
    masses,
    blocks,
    mask: head.mask,
    scale: massScale(blocks),
    grid,
  });
  return sharp(data, { raw: { width: edge, height: edge, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
