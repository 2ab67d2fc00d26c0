import { axisOrders, ReorderError, videoLayout } from "@paroattn/reorder";
import { SparseMaskError, timestepBuckets } from "@paroattn/sparse-masks";
import { SafetensorsError, type TensorSource } from "@paroattn/tensor";
import { PlanError } from "../errors.js";
import { checkMasks } from "./check-masks.js";
import type { Plan } from "./plan.js";
import { PLAN_FORMAT, PLAN_VERSION, type PlanMetadata, planSchema } from "./schema.js";

/** The plan in an opened safetensors file. Throws a `PlanError` for anything else. */
export async function decodePlan(source: TensorSource): Promise<Plan> {
  const metadata = readMetadata(source.metadata);
  const { layers, heads } = metadata;
  const [layout, buckets] = checked(
    () => [videoLayout(metadata.layout), timestepBuckets(metadata.buckets)] as const,
  );
  const shapes = {
    orders: [layers, heads],
    masks: [buckets.steps.length, layers, heads, maskBytes(metadata)],
  };
  checkTensors(source, shapes);
  const orders = await readBytes(source, "orders");
  const masks = await readBytes(source, "masks");
  const candidates = axisOrders(layout);
  const plan: Plan = {
    ...metadata,
    layout,
    buckets,
    masks,
    orders: Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: heads }, (_, head) => {
        const index = orders[layer * heads + head] as number;
        const order = candidates[index];
        if (order !== undefined) return order;
        throw new PlanError({
          expected: `an order from 0 to ${candidates.length - 1}`,
          found: `${index} for layer ${layer}, head ${head}`,
        });
      }),
    ),
  };
  checkMasks(plan);
  return plan;
}

function readMetadata(metadata: Readonly<Record<string, string>>): PlanMetadata {
  const { format, version, plan } = metadata;
  if (format !== PLAN_FORMAT) {
    const found = format === undefined ? "none" : quote(format);
    throw new PlanError({ expected: `a plan (format ${quote(PLAN_FORMAT)})`, found });
  }
  if (version !== PLAN_VERSION) {
    const found = version === undefined ? "none" : quote(version);
    throw new PlanError({ expected: `plan format version ${quote(PLAN_VERSION)}`, found });
  }
  let json: unknown;
  try {
    json = JSON.parse(plan ?? "");
  } catch (cause) {
    throw new PlanError({ expected: "the plan's metadata in JSON", found: "other text", cause });
  }
  const { data, error } = planSchema.safeParse(json);
  if (data !== undefined) return data;
  const issue = error.issues[0];
  throw new PlanError({
    expected: "valid plan metadata",
    found: `${issue?.path.join(".") || "plan"}: ${issue?.message.slice(0, 200)}`,
    cause: error,
  });
}

/** Bytes of one head's mask; plain arithmetic, so that a hostile layout costs nothing before it meets the shapes. */
function maskBytes({ layout, blockSize }: PlanMetadata): number {
  const visual = layout.frames * layout.height * layout.width;
  const blocks = Math.ceil(layout.textTokens / blockSize) + Math.ceil(visual / blockSize);
  return Math.ceil((blocks * blocks) / 8);
}

function checkTensors(
  source: TensorSource,
  shapes: Readonly<Record<string, readonly number[]>>,
): void {
  const names = Object.keys(shapes);
  const unknown = source.names.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new PlanError({ expected: `the tensors ${names.join(" and ")}`, found: quote(unknown) });
  }
  for (const [name, shape] of Object.entries(shapes)) {
    if (!source.has(name)) throw new PlanError({ expected: `the tensor ${name}`, found: "none" });
    const { dtype, shape: found } = source.info(name);
    if (dtype !== "u8" || found.join() !== shape.join()) {
      throw new PlanError({
        expected: `${name} as u8 [${shape.join(", ")}], which the plan's metadata ask for,`,
        found: `${dtype} [${found.slice(0, 8).join(", ")}]`,
      });
    }
  }
}

async function readBytes(source: TensorSource, name: string): Promise<Uint8Array> {
  const { data } = await source.read(name);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Refusals of the packages below, as refusals of the plan. */
export function asPlanError(error: unknown): unknown {
  if (PlanError.isInstance(error)) return error;
  if (SafetensorsError.isInstance(error)) {
    // The file system's error, where there is one, is what a caller looks for.
    return new PlanError({
      expected: `a plan: ${error.expected}`,
      found: error.found,
      cause: error.cause ?? error,
    });
  }
  if (ReorderError.isInstance(error) || SparseMaskError.isInstance(error)) {
    return new PlanError({ expected: "a valid plan", found: error.message, cause: error });
  }
  return error;
}

function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asPlanError(error);
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
