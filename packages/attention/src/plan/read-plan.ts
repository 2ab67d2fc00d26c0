import {
  type AxisOrder,
  axisOrders,
  imageLayout,
  partitionLayout,
  type TokenLayout,
  videoLayout,
} from "@paroattn/reorder";
import { bytesPerHead, timestepBuckets } from "@paroattn/sparse-masks";
import { openSafetensors, openSafetensorsBytes, type TensorSource } from "@paroattn/tensor";
import { PlanError } from "../errors.js";
import { checkMasks } from "./check-masks.js";
import { METADATA_KEY, type PlanMetadata, planMetadata } from "./metadata.js";
import { PLAN_BLOCK_SIZE, type Plan } from "./plan.js";

/**
 * Reads a plan file.
 *
 * @throws SafetensorsError when it is no safetensors file, PlanError when it is no plan or contradicts itself.
 */
export async function readPlan(path: string): Promise<Plan> {
  return parse(await openSafetensors(path), path);
}

/** The same for a plan file's bytes; `name` stands for the path in messages. Default: "bytes in memory". */
export async function parsePlan(
  bytes: Uint8Array,
  options: { readonly name?: string } = {},
): Promise<Plan> {
  return parse(await openSafetensorsBytes(bytes, options), options.name ?? "bytes in memory");
}

async function parse(opened: TensorSource, path: string): Promise<Plan> {
  await using source = opened;
  const metadata = parseMetadata(source, path);
  const layout = checkedLayout(metadata, path);
  const names = axisOrders(layout);
  const indices = await readTensor({ source, name: "orders", axes: 2, path });
  const [layers, heads] = indices.shape as [number, number];
  const masks = await readTensor({ source, name: "masks", axes: 4, path });
  const { blocks } = partitionLayout(layout, PLAN_BLOCK_SIZE);
  const headBytes = bytesPerHead({ queryBlocks: blocks, keyBlocks: blocks });
  const buckets = checkedBuckets(metadata, path);
  const expected = [buckets.steps.length, layers, heads, headBytes];
  if (!expected.every((size, axis) => size === masks.shape[axis])) {
    refuse(path, `masks of shape [${expected.join(", ")}]`, `[${masks.shape.join(", ")}]`);
  }
  if (layers * heads === 0) refuse(path, "at least one layer and head", `${layers} x ${heads}`);
  const orderOf = (index: number): AxisOrder =>
    names[index] ?? refuse(path, `orders below ${names.length}`, String(index));
  const orders = Array.from({ length: layers }, (_, layer) =>
    Array.from(indices.data.subarray(layer * heads, (layer + 1) * heads), orderOf),
  );
  const { formatVersion: _version, blockSize: _size, ...rest } = metadata;
  const plan: Plan = { ...rest, layout, layers, heads, orders, buckets, masks: masks.data, blocks };
  checkMasks(plan, (expectedMask, found) => refuse(path, expectedMask, found));
  return plan;
}

function refuse(path: string, expected: string, found: string): never {
  throw new PlanError(`Expected a plan with ${expected} but found ${found} in ${path}`);
}

function parseMetadata(source: TensorSource, path: string): PlanMetadata {
  const text = source.metadata[METADATA_KEY];
  if (text === undefined) refuse(path, `metadata "${METADATA_KEY}"`, "none");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    refuse(
      path,
      `JSON as metadata "${METADATA_KEY}"`,
      `${text.length} characters that do not parse`,
    );
  }
  const result = planMetadata.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return refuse(path, `valid metadata`, `${issue?.path.join(".") || "plan"}: ${issue?.message}`);
}

/** The layout through its own constructor, whose checks and defaults hold for every layout. */
function checkedLayout({ layout }: PlanMetadata, path: string): TokenLayout {
  try {
    const { frames, ...image } = layout;
    return frames === 1 ? imageLayout(image) : videoLayout(layout);
  } catch (error) {
    return refuse(path, "a valid layout", (error as Error).message);
  }
}

function checkedBuckets({ buckets }: PlanMetadata, path: string) {
  try {
    return timestepBuckets(buckets);
  } catch (error) {
    return refuse(path, "valid timestep buckets", (error as Error).message);
  }
}

async function readTensor(options: {
  readonly source: TensorSource;
  readonly name: string;
  readonly axes: number;
  readonly path: string;
}): Promise<{ shape: readonly number[]; data: Uint8Array }> {
  const { source, name, axes, path } = options;
  if (!source.has(name)) refuse(path, `a tensor "${name}"`, "none");
  const { dtype, shape, data } = await source.read(name);
  if (dtype !== "u8" || shape.length !== axes) {
    refuse(path, `"${name}" as u8 with ${axes} axes`, `${dtype} [${shape.join(", ")}]`);
  }
  return { shape, data: data as Uint8Array };
}
