import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageLayout, partitionLayout } from "@paroattn/reorder";
import { encodeSafetensors, openSafetensorsBytes, tensor } from "@paroattn/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  encodePlan,
  PlanError,
  parsePlan,
  planMask,
  precisionFromName,
  readPlan,
  writePlan,
} from "../src/index.js";
import { smallLayout, smallPlan } from "./small-plan.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plan-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A plan file with other tensors or metadata than `encodePlan` would write. */
async function altered(changes: {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly plan?: (json: Record<string, unknown>) => void;
  readonly orders?: { shape: number[]; data: Uint8Array };
  readonly masks?: { shape: number[]; data: Uint8Array };
}): Promise<Uint8Array> {
  await using file = await openSafetensorsBytes(encodePlan(smallPlan()));
  const json = JSON.parse(file.metadata.plan!);
  changes.plan?.(json);
  const replaced = async (name: "orders" | "masks") => {
    const other = changes[name];
    return other ? tensor({ dtype: "u8", ...other }) : await file.read(name);
  };
  return encodeSafetensors({
    tensors: { orders: await replaced("orders"), masks: await replaced("masks") },
    metadata: { ...file.metadata, plan: JSON.stringify(json), ...changes.metadata },
  });
}

describe("a plan file", () => {
  it("gives back what was written", async () => {
    const plan = smallPlan();
    const path = join(folder, "plan.safetensors");
    await writePlan(path, plan);
    expect(await readPlan(path)).toEqual(plan);
    expect(new Uint8Array(await readFile(path))).toEqual(encodePlan(plan));
    expect(await readdir(folder)).toEqual(["plan.safetensors"]);
  });

  it("keeps the choices of a quantized precision, and refuses those that do not go together", async () => {
    const precision = precisionFromName("int8:tileRow:rank1:unsmoothed");
    const plan = { ...smallPlan(), precision };
    expect((await parsePlan(encodePlan(plan))).precision).toEqual(precision);
    const other = (change: object) =>
      altered({ plan: (json) => Object.assign(json, { precision: { ...precision, ...change } }) });
    for (const change of [
      { probabilityRange: "u4" },
      { pv: "f32" },
      { probabilityGroup: "column" },
      { keySmoothing: 1 },
    ]) {
      await expect(parsePlan(await other(change))).rejects.toThrow(
        "Expected valid plan metadata but found precision",
      );
    }
  });

  it("holds orders and bit-packed masks under the documented names and shapes", async () => {
    const plan = smallPlan();
    await using file = await openSafetensorsBytes(encodePlan(plan));
    expect([...file.names].sort()).toEqual(["masks", "orders"]);
    expect(file.info("orders")).toMatchObject({ dtype: "u8", shape: [2, 3] });
    // 6 x 6 blocks are 36 bits, 5 bytes.
    expect(file.info("masks")).toMatchObject({ dtype: "u8", shape: [3, 2, 3, 5] });
    expect((await file.read("orders")).data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 0));
    const { data } = await file.read("masks");
    const mask = planMask(plan, { bucket: 2, layer: 1 });
    const bit = 4 * 6 + 5;
    const start = ((2 * 2 + 1) * 3 + 1) * 5;
    expect(mask.get(1, 4, 5)).toBe(((data[start + (bit >> 3)]! >> (bit & 7)) & 1) === 1);
  });

  it("is not written over another one when the plan is refused", async () => {
    const path = join(folder, "plan.safetensors");
    await writeFile(path, "before");
    const broken = smallPlan({ masks: new Uint8Array(90) });
    await expect(writePlan(path, broken)).rejects.toThrow(PlanError);
    await expect(writePlan(path, smallPlan({ density: { asked: 2, met: 0.3 } }))).rejects.toThrow(
      PlanError,
    );
    expect(await readFile(path, "utf8")).toBe("before");
    expect(await readdir(folder)).toEqual(["plan.safetensors"]);
  });

  it("names the file and keeps the system's error as the cause", async () => {
    const path = join(folder, "missing.safetensors");
    const error = await readPlan(path).catch((error: unknown) => error);
    expect(PlanError.isInstance(error)).toBe(true);
    expect((error as Error).message).toContain(path);
    expect(((error as Error).cause as NodeJS.ErrnoException).code).toBe("ENOENT");
  });
});

describe("readPlan refuses", () => {
  const whole = encodePlan(smallPlan());
  const set = (path: string, value: unknown) => (json: Record<string, unknown>) => {
    const keys = path.split(".");
    const last = keys.pop()!;
    const parent = keys.reduce((at, key) => at[key] as Record<string, unknown>, json);
    parent[last] = value;
  };
  const masks = (change: (data: Uint8Array) => void) => {
    const { masks: data } = smallPlan();
    change(data);
    return { shape: [3, 2, 3, 5], data };
  };
  const cases: [string, () => Promise<Uint8Array> | Uint8Array, RegExp][] = [
    ["text", () => new TextEncoder().encode("this is no plan, but text"), /Expected a plan/],
    ["an empty file", () => new Uint8Array(0), /Expected a plan.*0 bytes/],
    ["a cut file", () => whole.slice(0, whole.length - 7), /Expected a plan: data_offsets/],
    [
      "a checkpoint",
      () => encodeSafetensors({ tensors: {} }),
      /Expected a plan \(format "paroattn.plan"\) but found none/,
    ],
    [
      "a later version",
      () => altered({ metadata: { version: "2" } }),
      /Expected plan format version "1" but found "2"/,
    ],
    ["broken JSON", () => altered({ metadata: { plan: '{"a":' } }), /metadata in JSON/],
    ["a missing field", () => altered({ plan: (json) => delete json.layout }), /layout/],
    ["density 0", () => altered({ plan: set("density.asked", 0) }), /density\.asked/],
    ["density 1.5", () => altered({ plan: set("density.met", 1.5) }), /density\.met/],
    ["another block size", () => altered({ plan: set("blockSize", 128) }), /blockSize/],
    ["a seed too few", () => altered({ plan: set("calibration.seeds", [1]) }), /seed per prompt/],
    [
      "rising buckets",
      () => altered({ plan: set("buckets.boundaries", [400, 700]) }),
      /descending boundaries/,
    ],
    [
      "a bucket without steps",
      () => altered({ plan: set("buckets.steps", [1, 2]) }),
      /3 steps, one more than boundaries/,
    ],
    [
      "another layout than the masks'",
      () => altered({ plan: set("layout.height", 60) }),
      /masks as u8 \[3, 2, 3, \d+\].*\[3, 2, 3, 5\]/,
    ],
    [
      "a layout too large for memory",
      () =>
        altered({ plan: set("layout", { ...smallLayout, frames: 1e6, height: 1e6, width: 1 }) }),
      /Expected/,
    ],
    [
      "orders of another shape",
      () => altered({ orders: { shape: [3, 2], data: new Uint8Array(6) } }),
      /orders as u8 \[2, 3\].*\[3, 2\]/,
    ],
    [
      "an order that the layout does not have",
      () => altered({ orders: { shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 6, 5) } }),
      /an order from 0 to 5 but found 6 for layer 1, head 1/,
    ],
    [
      "a dropped text block",
      () =>
        altered({
          masks: masks((data) => {
            data[5]! &= ~1;
          }),
        }),
      /every block of text live but found query block 0 .*bucket 0, layer 0, head 1/,
    ],
    [
      "a text column with a hole",
      // Query block 5 of the last head: bits 30, 31 and 32 are its text columns.
      () =>
        altered({
          masks: masks((data) => {
            data[data.length - 1]! &= ~1;
          }),
        }),
      /every block of text live but found query block 5 .*bucket 2, layer 1, head 2/,
    ],
    [
      "bits behind the last block",
      () =>
        altered({
          masks: masks((data) => {
            data[4]! |= 0x10;
          }),
        }),
      /zeros behind the last block/,
    ],
  ];

  it.each(cases)("%s", async (_, make, message) => {
    const path = join(folder, "plan.safetensors");
    await writeFile(path, await make());
    const error = await readPlan(path).catch((error: unknown) => error);
    expect(PlanError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(path);
    expect((error as Error).message.split(" in ").filter((part) => part === path).length).toBe(1);
  });

  it("a query block without a live key block", async () => {
    const layout = imageLayout({ height: 10, width: 13 });
    const { blocks } = partitionLayout(layout);
    expect(blocks).toBe(3);
    const plan = smallPlan({ layout, buckets: { boundaries: [], steps: [4] } });
    // 9 bits a head, 2 bytes; query block 1 has the bits 3, 4 and 5.
    plan.masks[4]! &= ~0b111000;
    await expect(parsePlan(encodeRaw(plan))).rejects.toThrow(
      /a live key block for every query block but found query block 1 .*layer 0, head 2/,
    );
  });
});

/** As `encodePlan`, for a plan that it would refuse. */
function encodeRaw(plan: ReturnType<typeof smallPlan>): Uint8Array {
  const { orders, masks, ...rest } = plan;
  const heads = plan.layers * plan.heads;
  const shape = [plan.buckets.steps.length, plan.layers, plan.heads];
  return encodeSafetensors({
    tensors: {
      orders: tensor({
        dtype: "u8",
        shape: [plan.layers, plan.heads],
        data: new Uint8Array(heads),
      }),
      masks: tensor({
        dtype: "u8",
        shape: [...shape, masks.length / shape.reduce((a, b) => a * b)],
        data: masks,
      }),
    },
    metadata: { format: "paroattn.plan", version: "1", plan: JSON.stringify(rest) },
  });
}
