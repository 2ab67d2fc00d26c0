import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareWithReference } from "@paroattn/pipelines";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { videoApp } from "../../video-dit/src/app.js";
import { openExactStore } from "../src/evaluate/drawing-store.js";
import { reproduce } from "../src/reproduce/reproduce.js";
import type { ReproduceFlags } from "../src/reproduce/request.js";
import { type Reproduction, reproductionSchema } from "../src/reproduce/result.js";
import { UsageError } from "../src/terminal/run-command.js";
import { told } from "./evaluate-model.js";

const fixtures = fileURLToPath(new URL("../../../fixtures", import.meta.url));
const never = new AbortController().signal;
const FRAMES = 9;

let folder: string;
let flags: ReproduceFlags;
let result: Reproduction;

/** Two rows of a tiny model with random weights, two prompts, three steps. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reproduce-"));
  await writeFile(join(folder, "held-out.txt"), "red disc\nblue star\ngreen box\nold tree\n");
  await writeFile(join(folder, "calibration.txt"), "a cat\n");
  flags = {
    model: join(fixtures, "cogvideox-rotary"),
    prompts: join(folder, "held-out.txt"),
    calibrationPrompts: join(folder, "calibration.txt"),
    only: ["paro 0.5", "int4 qk", "incoherence"],
    count: 2,
    steps: 3,
    frames: FRAMES,
    threads: 1,
    work: join(folder, "work"),
    save: join(folder, "result.json"),
  };
  result = await reproduce(videoApp, flags, never);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Again, with other flags; what the first run saved stays. */
function run(change: Partial<ReproduceFlags> = {}, signal = never): Promise<Reproduction> {
  const { save: _, ...others } = flags;
  return reproduce(videoApp, { ...others, ...change }, signal);
}

interface Kept {
  readonly settings: {
    readonly kind: string;
    readonly prompt: string;
    readonly precision?: string;
  };
  readonly result: { readonly picture: string };
}

async function kept(work = flags.work!): Promise<Kept[]> {
  const results = join(work, "results");
  const names = (await readdir(results)).filter((name) => name.endsWith(".json"));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(results, name), "utf8"))),
  );
}

/** What a run without times is: everything that must not depend on how often it was stopped. */
function withoutTimes({ rows, measured: _, ...rest }: Reproduction) {
  return { ...rest, rows: rows.map(({ attention: _a, loop: _l, ...row }) => row) };
}

describe("a result", () => {
  it("has a line for each row, as its schema and its file say", async () => {
    const saved = JSON.parse(await readFile(flags.save!, "utf8"));
    expect(reproductionSchema.strict().parse(saved)).toEqual(result);
    expect(result.rows.map(({ name }) => name)).toEqual(["paro 0.5", "int4 qk"]);
    expect(result).toMatchObject({
      model: { name: "cogvideox-rotary" },
      steps: 3,
      frames: FRAMES,
      prompts: ["red disc", "green box"],
      seeds: [1],
      calibration: { prompts: ["a cat"], seeds: [1_000_000] },
    });
    const [paro, int4] = result.rows;
    expect(Math.abs(paro!.densityMet.mean - 0.5)).toBeLessThan(0.02);
    expect(int4!.densityMet).toEqual({ mean: 1, spread: 0 });
    // A speed is claimed of one of them.
    expect(paro!.attention!.speedup).toBeGreaterThan(0);
    expect(paro!.loop!.denseBest).toBeGreaterThan(paro!.attention!.denseBest);
    expect(int4!.attention).toBeNull();
  });

  it("compares the drawings that are kept with the dense ones of the same prompt", async () => {
    const all = await kept();
    const store = await openExactStore(join(flags.work!, "pictures"));
    const psnr = await Promise.all(
      all
        .filter(({ settings }) => settings.kind === "run" && settings.precision === "int4-qk")
        .map(async ({ settings: { prompt }, result: { picture } }) => {
          const reference = all.find(
            ({ settings }) => settings.kind === "reference" && settings.prompt === prompt,
          )!;
          const dense = await store.read(reference.result.picture, FRAMES);
          return compareWithReference(dense, await store.read(picture, FRAMES)).psnr;
        }),
    );
    expect(psnr).toHaveLength(2);
    expect(result.rows[1]!.psnr!.mean).toBeCloseTo((psnr[0]! + psnr[1]!) / 2, 9);
    expect(result.rows[1]!.psnr!.spread).toBeCloseTo(Math.abs(psnr[0]! - psnr[1]!) / 2 ** 0.5, 9);
  });

  it("tells of the orders and of the incoherence in them", () => {
    const { candidates, chosen, scores } = result.orders!;
    expect(candidates).toEqual(["FHW", "FWH", "HFW", "HWF", "WFH", "WHF"]);
    expect(chosen.map(({ alpha }) => alpha)).toEqual([0.5]);
    expect(scores.map((layer) => layer.map((head) => head.length))).toEqual([
      [6, 6],
      [6, 6],
    ]);
    expect(result.incoherence).toHaveLength(2);
    for (const [layer, { rows, nativeTiles, tiles }] of result.incoherence.entries()) {
      // A maximum is above the mean; where all heads keep the native order, nothing changes.
      expect(Math.min(rows, nativeTiles, tiles)).toBeGreaterThan(1);
      const native = chosen[0]!.orders[layer]!.every((order) => order === "FHW");
      expect(tiles === nativeTiles).toBe(native);
    }
  });
});

describe("a second run", () => {
  it("measures nothing again and says the same", async () => {
    let again: Reproduction | undefined;
    const text = await told(async () => {
      again = await run();
    });
    expect(text).toContain(`reusing 4 of 4 drawings from ${flags.work}`);
    expect(again).toEqual(result);
  });

  it("draws rows of one plan once", async () => {
    const before = (await kept()).length;
    const { rows, orders } = await run({ only: ["paro 0.5", "alpha"] });
    const usual = orders!.chosen.find(({ alpha }) => alpha === 0.5)!;
    const alike = orders!.chosen
      .filter(({ alpha, orders }) => alpha !== 0.5 && `${orders}` === `${usual.orders}`)
      .map(({ alpha }) => rows.find(({ name }) => name === `alpha ${alpha}`)!);
    expect(alike.length).toBeGreaterThan(0);
    for (const row of alike) expect(row.psnr).toEqual(rows[0]!.psnr);
    const others = new Set(orders!.chosen.map(({ orders }) => `${orders}`)).size - 1;
    expect((await kept()).length).toBe(before + 2 * others);
  });

  it.each([
    ["step count", { steps: 2 }, /steps is 3, here 2/],
    ["prompt list", { count: 3 }, /prompts\.1 is green box, here blue star/],
    ["seed", { seeds: [2] }, /seeds\.0 is 1, here 2/],
    ["size", { frames: 5 }, /frames is 9, here 5/],
    [
      "model",
      { model: join(fixtures, "cogvideox-sincos") },
      /model is [0-9a-f]{60}\.{3}, here [0-9a-f]{60}/,
    ],
  ] as const)("refuses a folder of another %s", async (_, change, says) => {
    const before = await kept();
    const refused = run(change);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(says);
    expect(await kept()).toEqual(before);
  });

  it("makes again what somebody has damaged", async () => {
    const work = join(folder, "damaged");
    await cp(flags.work!, work, { recursive: true });
    const [plan] = await readdir(join(work, "plans"));
    await writeFile(join(work, "plans", plan!), "no plan");
    const name = (await readdir(join(work, "results")))[0]!;
    await writeFile(join(work, "results", name), "{");
    expect(withoutTimes(await run({ work }))).toEqual(withoutTimes(result));
  });
});

describe("a run that is stopped", () => {
  it("keeps what is finished and goes on from there", async () => {
    const work = join(folder, "stopped");
    const controller = new AbortController();
    const watching = setInterval(async () => {
      if ((await kept(work).catch(() => [])).length >= 2) controller.abort();
    }, 1);
    const text = await told(async () => {
      await expect(run({ work }, controller.signal)).rejects.toThrow(/abort/i);
    }).finally(() => clearInterval(watching));
    expect(text).toContain(`what is finished is kept in ${work}; the same command goes on`);
    const finished = (await kept(work)).length;
    expect(finished).toBeLessThan((await kept()).length);
    expect(withoutTimes(await run({ work }))).toEqual(withoutTimes(result));
  });
});

describe("reproduce refuses", () => {
  const cases: readonly [string, Partial<ReproduceFlags>, RegExp][] = [
    ["a row that there is not", { only: ["paro 0.4"] }, /--only .*rows.* but found "paro 0\.4"/],
    ["a look and no row", { only: ["incoherence"] }, /rows.* but found "incoherence"/],
    ["more prompts than there are", { count: 5 }, /--count up to the 4 prompts.* found 5/],
    ["a seed of the calibration", { seeds: [1_000_000] }, /seeds .* found 1000000/],
    ["to save what it reads", { from: "x.json", save: "y.json" }, /no --save with --from/],
  ];
  it.each(cases)("%s, before any work", async (_, change, says) => {
    const work = join(folder, "untouched");
    const refused = run({ work, ...change });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(says);
    await expect(readdir(work)).rejects.toThrow(/ENOENT/);
  });

  it("a folder whose experiment cannot be read, rather than to take it for a new one", async () => {
    const work = join(folder, "unreadable");
    await mkdir(join(work, "experiment.json"), { recursive: true });
    await expect(run({ work })).rejects.toThrow(/Expected to read .*experiment\.json but found/);
  });

  it("a Markdown file without a place for tables, and a result that is none", async () => {
    const tables = join(folder, "plain.md");
    await writeFile(tables, "# Nothing here\n");
    await expect(run({ tables })).rejects.toThrow(/markers|lines <!--/);
    const from = join(folder, "held-out.txt");
    await expect(run({ from })).rejects.toThrow(
      /Expected a result of reproduce in .*held-out\.txt/,
    );
  });

  it("models without prompts of their own", async () => {
    const { prompts: _, ...others } = flags;
    await expect(reproduce(videoApp, others, never)).rejects.toThrow(/--prompts FILE/);
    const { calibrationPrompts: _c, ...rest } = flags;
    await expect(reproduce(videoApp, rest, never)).rejects.toThrow(/--calibration-prompts FILE/);
  });
});

describe("the tables", () => {
  it("are written between the markers, and nothing else is", async () => {
    const tables = join(folder, "doc.md");
    const markers = [
      "<!-- npm run reproduce writes this, from the result that is kept beside it -->",
      "<!-- end of the results -->",
    ];
    await writeFile(tables, `# Title\n\n${markers[0]}\nold\n${markers[1]}\n\nAfter.\n`);
    const show = () => run({ from: flags.save!, tables });
    expect(await show()).toEqual(result);
    const text = await readFile(tables, "utf8");
    expect(text.startsWith(`# Title\n\n${markers[0]}\n\ncogvideox-rotary, `)).toBe(true);
    expect(text.endsWith(`\n\n${markers[1]}\n\nAfter.\n`)).toBe(true);
    expect(text).not.toContain("old\n");
    const cells = text
      .split("\n")
      .find((line) => line.startsWith("| paro 0.5 |"))!
      .split(" | ");
    const { psnr, ssim } = result.rows[0]!;
    expect(cells[2]).toBe(`${psnr!.mean.toFixed(2)} ± ${psnr!.spread!.toFixed(2)}`);
    expect(cells[3]).toBe(`${ssim.mean.toFixed(4)} ± ${ssim.spread!.toFixed(4)}`);
    // The paper's, which nobody measured here.
    expect(cells).toContain("29.14 / 0.936 / 0.997");
    await show();
    expect(await readFile(tables, "utf8")).toBe(text);
  });
});
