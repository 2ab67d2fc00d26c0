import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { videoLayout } from "@paroattn/reorder";
import { afterAll, beforeAll, expect, it } from "vitest";
import { benchClip, type ClipLine } from "../src/suites/clip/clip.js";
import { clipRow } from "../src/suites/rows.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "paroattn-clip-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function measure(plan: string): Promise<ClipLine[]> {
  const layout = videoLayout({
    frames: 5,
    height: 12,
    width: 18,
    textTokens: 20,
    textPosition: "before",
  });
  const size = { layout, heads: 8, headDim: 64 };
  const lines: ClipLine[] = [];
  for await (const line of benchClip({ threads: 2, rounds: 2, plan, size, onProgress() {} })) {
    lines.push(line);
  }
  return lines;
}

it("calibrates a layer once, and measures it dense and at 0.3", async () => {
  const plan = join(folder, "plan.safetensors");
  const first = await measure(plan);
  const strategies = ["dense", "dense in PARO's orders", "paro"];
  const overheads = ["masks", "reorder", "masks and reorder"];
  expect(first.map(({ phase }) => phase)).toEqual(["calibrate", ...strategies, ...overheads]);
  expect((await measure(plan)).map(({ phase }) => phase)).toEqual([...strategies, ...overheads]);

  const [made, ...lines] = first;
  if (made === undefined || !("orders" in made)) throw new Error("expected the calibration first");
  expect(Object.values(made.orders).reduce((sum, heads) => sum + heads)).toBe(8);
  expect(Object.keys(made.orders).length).toBeGreaterThan(1);
  const densities = lines.flatMap((line) => ("density" in line ? [line.density] : []));
  expect(densities[0]).toBe(1);
  expect(densities[1]).toBe(1);
  expect(Math.abs(densities[2]! - 0.3)).toBeLessThan(0.005);
  for (const line of lines) {
    if (!("density" in line)) continue;
    expect(line.attentionMs.best).toBeLessThan(line.ms.best);
    expect(line.ms.best).toBeLessThanOrEqual(line.ms.median);
  }
  const [masks, reorder, both] = lines.flatMap((line) => ("ofDense" in line ? [line] : []));
  expect(masks!.ms.median).toBeGreaterThan(0);
  expect(both!.ms.median).toBeCloseTo(masks!.ms.median + reorder!.ms.median, 9);
});

it("says in a line what was measured", () => {
  const both = (value: number) => ({ best: value, median: 2 * value });
  expect(
    clipRow({
      phase: "masks",
      ms: both(4),
      ofDense: both(0.001),
      ofParo: both(0.003),
    }),
  ).toBe(
    "masks                   4.00 ms (8.00 ms): 0.10 % (0.20 %) of dense attention, 0.30 % (0.60 %) of PARO's",
  );
  expect(
    clipRow({
      phase: "calibrate",
      ms: 80_000,
      aboveBytes: 1.4e9,
      inputBytes: 0.66e9,
      orders: { FHW: 40, HWF: 8 },
    }),
  ).toBe(
    "calibrate               80.00 s, 1.40 GB above its inputs (0.66 GB); heads by order: FHW 40, HWF 8",
  );
});
