import type { AttentionOperands, Backend } from "@paroattn/backend";
import { BlockMask } from "@paroattn/sparse-masks";
import { expect } from "vitest";
import { BF16 } from "../fixtures.js";

const BLOCKS = 6;
const TOKENS = 64 * BLOCKS - 44;
const HEADS = 2;
const WIDTH = HEADS * 64;

/** Values tell their block, and all keys of a block weigh the same: what attention gives is the block it read. */
export function prepareLayers(backend: Backend): AttentionOperands {
  const zeros = backend.upload({
    dtype: "f32",
    shape: [1, TOKENS, WIDTH],
    data: new Float32Array(TOKENS * WIDTH),
  });
  const blocks = backend.upload({
    dtype: "f32",
    shape: [1, TOKENS, WIDTH],
    data: Float32Array.from({ length: TOKENS * WIDTH }, (_, i) => Math.floor(i / WIDTH / 64)),
  });
  return backend.prepareAttention({
    query: zeros,
    key: zeros,
    value: blocks,
    heads: HEADS,
    headDim: 64,
    precision: BF16,
  });
}

/** The one key block that a query block of a layer attends to. */
function keyBlockOf(layer: number, head: number, queryBlock: number): number {
  return (queryBlock + layer * (head + 1)) % BLOCKS;
}

function layerMask(layer: number): BlockMask {
  const mask = BlockMask.empty({ heads: HEADS, queryBlocks: BLOCKS, keyBlocks: BLOCKS });
  for (let head = 0; head < HEADS; head++) {
    for (let block = 0; block < BLOCKS; block++) {
      mask.set(head, block, keyBlockOf(layer, head, block));
    }
  }
  return mask;
}

function expectedOutput(layer: number): Float32Array {
  return Float32Array.from({ length: TOKENS * WIDTH }, (_, i) =>
    keyBlockOf(layer, Math.floor((i % WIDTH) / 64), Math.floor(i / WIDTH / 64)),
  );
}

/** A mask made, used once and disposed of, while no command has to have run. */
export function runLayer(backend: Backend, operands: AttentionOperands, layer: number): void {
  const mask = backend.prepareMask(layerMask(layer));
  backend.attention({ operands, mask }).output.dispose();
  mask.dispose();
}

/**
 * Every layer with a mask of its own, made so many layers ahead and disposed of after its use; nothing waits for the
 * device until all of them are enqueued.
 */
export async function expectRightLayers(
  backend: Backend,
  { layers, ahead }: { layers: number; ahead: number },
): Promise<void> {
  const operands = prepareLayers(backend);
  const make = (layer: number) => backend.prepareMask(layerMask(layer));
  const masks = Array.from({ length: ahead }, (_, layer) => make(layer));
  const outputs = Array.from({ length: layers }, (_, layer) => {
    masks.push(make(layer + ahead));
    const mask = masks.shift()!;
    const { output } = backend.attention({ operands, mask });
    mask.dispose();
    return output;
  });
  for (const [layer, output] of outputs.entries()) {
    expect((await backend.read(output)).data, `layer ${layer}`).toEqual(expectedOutput(layer));
    output.dispose();
  }
  for (const mask of masks) mask.dispose();
}
