import { type BlockPartition, partitionLayout } from "@paroattn/reorder";
import { bytesPerHead } from "@paroattn/sparse-masks";
import { PlanError } from "../errors.js";
import type { Plan } from "./plan.js";

/**
 * Throws a `PlanError` where a query block has no live key block, a block of text is dropped, a bit behind a head's
 * last block is set, or the bytes are not as many as the plan asks for. Works on bytes: a plan of a large model has billions of bits.
 */
export function checkMasks(plan: Plan): void {
  const { layers, heads, masks } = plan;
  const partition = partitionLayout(plan.layout, plan.blockSize);
  const { blocks } = partition;
  const bytes = bytesPerHead({ queryBlocks: blocks, keyBlocks: blocks });
  const count = plan.buckets.steps.length * layers * heads;
  if (masks.length !== count * bytes) {
    throw new PlanError({
      expected: `${count * bytes} bytes of masks`,
      found: String(masks.length),
    });
  }
  for (let index = 0; index < count; index++) {
    const bits = masks.subarray(index * bytes, (index + 1) * bytes);
    const fault = faultOf(bits, partition);
    if (fault === undefined) continue;
    const head = index % heads;
    const layer = Math.floor(index / heads) % layers;
    const bucket = Math.floor(index / (heads * layers));
    throw new PlanError({
      expected: fault.expected,
      found: `${fault.found} in the mask of bucket ${bucket}, layer ${layer}, head ${head}`,
    });
  }
}

function faultOf(bits: Uint8Array, { blocks, textBlocks }: BlockPartition) {
  const { start, end } = textBlocks;
  for (let query = 0; query < blocks; query++) {
    const row = query * blocks;
    const isText = query >= start && query < end;
    if (isText ? !allSet(bits, row, row + blocks) : !allSet(bits, row + start, row + end)) {
      return { expected: "every block of text live", found: `query block ${query} without one` };
    }
    if (!anySet(bits, row, row + blocks)) {
      return {
        expected: "a live key block for every query block",
        found: `query block ${query} without one`,
      };
    }
  }
  if (anySet(bits, blocks * blocks, bits.length * 8)) {
    return { expected: "zeros behind the last block", found: "a bit that is set" };
  }
  return undefined;
}

/** The bits [start, end) of a byte, as a byte; 255 where all of it is asked for. */
function bitsWithin(byte: number, start: number, end: number): number {
  const first = Math.max(0, start - byte * 8);
  const last = Math.min(8, end - byte * 8);
  return ((1 << last) - 1) & ~((1 << first) - 1);
}

function allSet(bits: Uint8Array, start: number, end: number): boolean {
  for (let byte = start >> 3; byte * 8 < end; byte++) {
    const wanted = bitsWithin(byte, start, end);
    if (((bits[byte] as number) & wanted) !== wanted) return false;
  }
  return true;
}

function anySet(bits: Uint8Array, start: number, end: number): boolean {
  for (let byte = start >> 3; byte * 8 < end; byte++) {
    if ((bits[byte] as number) & bitsWithin(byte, start, end)) return true;
  }
  return false;
}
