import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderClip } from "@paroattn/sample-video";
import { openSafetensors } from "@paroattn/tensor";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInProcess } from "../../commands/test/run.js";
import { videoApp } from "../src/app.js";

const model = fileURLToPath(new URL("../../../fixtures/cogvideox-rotary", import.meta.url));
const TINY = ["--model", model, "--steps", "4", "--threads", "1"];
const FRAMES = 17;
const SIZED = [...TINY, "--frames", String(FRAMES), "--width", "64", "--height", "48"];

let folder: string;
const home = process.cwd();

async function run<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runInProcess(videoApp, [...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return (args[0] === "evaluate" ? lines : lines[0]) as T;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "video-dit-"));
  process.chdir(folder);
  await writeFile("calibration.txt", "a blue star\n");
  await writeFile("prompts.txt", "a red circle\n");
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

describe("generate", () => {
  it("writes a WebP named after prompt and seed, and tells of it as image-dit does", async () => {
    const result = await run<Record<string, unknown>>(
      "generate",
      "A red circle!",
      ...SIZED,
      "--seed",
      "7",
    );
    const file = join(folder, "a-red-circle-7.webp");
    expect(Object.keys(result)).toEqual(
      "files,seed,steps,strategy,precision,density,attentionMs,loopMs,totalMs,frames,fps".split(
        ",",
      ),
    );
    expect(result).toMatchObject({ files: [file], seed: 7, steps: 4, density: 1 });
    expect(result).toMatchObject({ frames: FRAMES, fps: 8 });
    const found = await sharp(file, { animated: true }).metadata();
    expect(found).toMatchObject({ format: "webp", width: 64, pageHeight: 48, pages: FRAMES });
    expect(new Set(found.delay)).toEqual(new Set([125]));
  });

  it("writes a series of GIFs, each the one of its seed", async () => {
    const { files } = await run<{ files: string[] }>(
      ...["generate", "x", ...SIZED, "--seed", "7", "--count", "2", "--fps", "20"],
      ...["--out", "clip.gif"],
    );
    expect(files).toEqual([join(folder, "clip-1.gif"), join(folder, "clip-2.gif")]);
    const found = await sharp(files[0], { animated: true }).metadata();
    expect(found).toMatchObject({ format: "gif", pages: FRAMES });
    expect(new Set(found.delay)).toEqual(new Set([50]));
    await run("generate", "x", ...SIZED, "--seed", "8", "--fps", "20", "--out", "one.gif");
    expect(await readFile("one.gif")).toEqual(await readFile("clip-2.gif"));
    expect(await readFile("one.gif")).not.toEqual(await readFile("clip-1.gif"));
  });
});

describe("with a plan", () => {
  beforeAll(async () => {
    const result = await run<{ orders: Record<string, number> }>(
      ...["calibrate", ...SIZED, "--density", "0.7", "--prompts", "calibration.txt"],
      ...["--out", "plan.safetensors"],
    );
    for (const order of Object.keys(result.orders)) expect(order).toMatch(/^[FHW]{3}$/);
  });
  const planned = [...SIZED, "--plan", "plan.safetensors"];

  it("draws with PARO", async () => {
    const result = await run<{ strategy: string; density: number }>(
      ...["generate", "a red circle", ...planned, "--seed", "1", "--out", "paro.webp"],
    );
    expect(result.strategy).toBe("paro");
    expect(result.density).toBeGreaterThan(0.5);
    expect(result.density).toBeLessThan(0.75);
  });

  it("draws with PARO from some step on, and with masks made anew", async () => {
    const args = ["generate", "a red circle", ...planned, "--seed", "1"];
    type Result = { density: number };
    const at = async (...flags: string[]) =>
      (await run<Result>(...args, ...flags, "--out", "over-time.webp")).density;
    const plain = await at();
    await run("generate", "a red circle", ...SIZED, "--seed", "1", "--out", "dense.webp");
    expect(await at("--warm-up", "4")).toBe(1);
    const dense = await readFile("dense.webp");
    expect(dense.equals(await readFile("over-time.webp"))).toBe(true);
    // A refresh is dense and looks at everything once more.
    const anew = ["--attention", "paro-refresh"];
    expect(await at(...anew, "--refresh", "0,1,2,3")).toBe(2);
    expect(await at("--refresh", "0,1,2,3")).toBe(1);
    const some = await at(...anew, "--warm-up", "1", "--refresh", "every:3");
    expect(some).toBeGreaterThan((1 + 2 + 1 * plain) / 4);
    expect(some).toBeLessThan((1 + 2 + 2) / 4);
  });

  it("evaluates with masks made anew, which is another result", async () => {
    type Line = { densityMet: { mean: number }; schedule?: unknown };
    const args = [
      "evaluate",
      ...planned,
      "--attention",
      "paro-refresh",
      "--prompts",
      "prompts.txt",
    ];
    const [plain] = await run<[Line]>(...args, "--work", "anew");
    expect(plain).not.toHaveProperty("schedule");
    const schedule = ["--warm-up", "1", "--refresh", "2"];
    const [anew] = await run<[Line]>(...args, "--work", "anew", ...schedule);
    expect(anew.schedule).toEqual({ warmUp: 1, refresh: [2] });
    expect(anew.densityMet.mean).toBeGreaterThan(plain.densityMet.mean + 0.2);
    const again = await runInProcess(videoApp, [...args, "--work", "anew", ...schedule]);
    expect(again.stderr).toMatch(/reusing 3 of 3 results/);
    expect(again.stdout).toContain("dense steps: 1 at first, then 2");
  });

  it("evaluates, with a page of videos that play, and goes on from what is there", async () => {
    type Line = { strategy: string; psnr: { mean: number | null; identical: number } };
    const args = ["evaluate", ...planned, "--prompts", "prompts.txt", "--report", "report"];
    const [dense, paro] = await run<[Line, Line]>(...args);
    expect([dense.strategy, paro.strategy]).toEqual(["dense", "paro"]);
    expect(dense.psnr).toMatchObject({ mean: null, identical: 1 });
    expect(paro.psnr.mean).toBeGreaterThan(5);
    expect(paro.psnr.mean).toBeLessThan(100);
    const page = await readFile("report/index.html", "utf8");
    const shown = [...new Set(page.match(/[0-9a-f]{20}\.webp/g))];
    // Dense, PARO and their difference.
    expect(shown).toHaveLength(3);
    for (const name of shown) {
      const found = await sharp(join("report/pictures", name), { animated: true }).metadata();
      expect(found).toMatchObject({ pages: FRAMES, width: 64, pageHeight: 48 });
    }
    expect(page).toContain(`${FRAMES} frames of 64×48`);
    const before = await readdir("report", { recursive: true });
    const again = await runInProcess(videoApp, [...args, "--json"]);
    expect(again.stderr).toMatch(/^video-dit: reusing 5 of 5 results/);
    expect(await readdir("report", { recursive: true })).toEqual(before);
  });

  it("tells how far masks move with prompt, seed and step", async () => {
    type Overlap = { pairs: number; mean: number; least: number } | null;
    type Line = { strategy: string; maskShift?: Record<string, Overlap> };
    await writeFile("two.txt", "a red circle\na cat\n");
    const args = ["evaluate", ...planned, "--prompts", "two.txt", "--seeds", "1,2", "--mask-shift"];
    const [dense, paro] = await run<[Line, Line]>(...args, "--work", "work");
    expect(dense.maskShift).toBeUndefined();
    const { prompts, seeds, steps, plan } = paro.maskShift!;
    // Four steps of two prompts with two seeds each.
    expect(prompts!.pairs).toBe(4 * 4);
    expect(seeds!.pairs).toBe(4 * 2);
    expect(steps!.pairs).toBe(3 * 4);
    expect(plan!.pairs).toBe(4 * 4);
    for (const overlap of [prompts, seeds, steps, plan]) {
      expect(overlap!.least).toBeGreaterThan(0.2);
      expect(overlap!.mean).toBeGreaterThanOrEqual(overlap!.least);
      expect(overlap!.mean).toBeLessThan(1);
    }
    const told = ["--work", "work", "--report", "shift"];
    const again = await runInProcess(videoApp, [...args, ...told]);
    expect(again.stderr).toMatch(/reusing 18 of 18 results/);
    expect(again.stdout).toContain("overlap of masks  prompts  seeds  next step   plan");
    expect(again.stdout).toContain(plan!.mean.toFixed(3));
    for (const line of again.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const page = await readFile("shift/index.html", "utf8");
    for (const words of ["other prompts", "other seeds", "next step", "the plan"]) {
      // What a point says to those who hear it.
      expect(page).toContain(`other: ${words}; plan: paro 0.7`);
    }
  });

  it.each([
    [["--share", "none"], 4],
    [[], 3],
    [["--buckets", "1"], 2],
    [["--share", "all"], 1],
  ] as const)("calibrates masks for the steps that %j asks for", async (flags, buckets) => {
    const out = "buckets.safetensors";
    await run(
      ...["calibrate", ...SIZED, ...flags, "--density", "0.7", "--prompts", "calibration.txt"],
      ...["--out", out],
    );
    await using file = await openSafetensors(out);
    expect((await file.read("masks")).shape[0]).toBe(buckets);
  });

  it("inspects a head in all six orders", async () => {
    const result = await run<{ orders: { order: string }[]; chosen: string; layout: string }>(
      ...["inspect", "a red circle", ...planned, "--layer", "1", "--head", "0", "--out", "h.png"],
    );
    const orders = result.orders.map(({ order }) => order).sort();
    expect(orders).toEqual(["FHW", "FWH", "HFW", "HWF", "WFH", "WHF"]);
    expect(orders).toContain(result.chosen);
    expect(result.layout).toMatch(/text \+ \d+x12x16$/);
    const { width, height } = await sharp("h.png").metadata();
    // Four panels side by side, in two rows.
    expect(width).toBeGreaterThan(4 * 448);
    expect(height).toBeGreaterThan(2 * 448);
  });
});

describe("captions", () => {
  const clip = renderClip({
    background: "grey",
    objects: [
      { shape: "square", colour: "green", size: "small", motion: "moves up", middle: [128, 128] },
    ],
  }).map(({ width, height, data }) => ({ width, height, data: new Uint8Array(data) }));

  it("are right or wrong for the sample clips, and unknown for all else", () => {
    const { captionRight } = videoApp;
    expect(captionRight(clip, "a small green square moves up on a grey background")).toBe(true);
    expect(captionRight(clip, "a small green square moves left on a grey background")).toBe(false);
    expect(captionRight(clip, "a cat plays the piano")).toBe(null);
    expect(captionRight(clip, "")).toBe(null);
    expect(captionRight(clip.slice(0, 9), "a small green square moves up")).toBe(null);
  });

  it("tell how far objects are from where they should be, where there is something to follow", () => {
    const caption = "a small green square moves up on a grey background";
    const of = (drawing: typeof clip, words = caption) =>
      videoApp.motionError!(drawing, { reference: clip, caption: words });
    expect(of(clip).reference).toBe(0);
    const repeated = of(clip.map(() => clip[24]!));
    expect(repeated.reference).toBeGreaterThan(6);
    expect(repeated.caption).toBeGreaterThan(6);
    expect(of(clip, "a cat plays the piano")).toEqual({ reference: null, caption: null });
    expect(of(clip.slice(0, 9))).toEqual({ reference: null, caption: null });
  });
});
