import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPlan } from "@paroattn/attention";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { calibrate } from "../src/calibrate/calibrate.js";
import { prepareFolder } from "../src/inspect/folder.js";
import { generatorOf } from "../src/inspect/index-page.js";
import { type InspectFlags, inspect } from "../src/inspect/inspect.js";
import type { InspectAllResult, InspectHeadResult } from "../src/inspect/results.js";
import { UsageError } from "../src/terminal/run-command.js";

/** 256 tokens, 4 blocks; 2 layers of 2 heads. */
const model = fileURLToPath(new URL("../../../fixtures/pixart-wide", import.meta.url));
const otherModel = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));

const signal = new AbortController().signal;
let folder: string;
let flags: Omit<InspectFlags, "out">;
const one = { layer: 1, head: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-dit-inspect-"));
  const prompts = join(folder, "prompts.txt");
  await writeFile(prompts, "a red circle\n");
  const plan = join(folder, "plan.safetensors");
  const common = { model, steps: 4, threads: 1 };
  await calibrate(imageApp, { ...common, density: 0.6, prompts, out: plan }, signal);
  flags = { ...common, plan };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inspectHead = (more: Partial<InspectFlags> = {}) =>
  inspect(
    imageApp,
    "a <blue> star",
    { ...flags, ...one, out: join(folder, "one.png"), ...more },
    signal,
  );
const inspectAll = (out: string, more: Partial<InspectFlags> = {}) =>
  inspect(imageApp, "a <blue> star", { ...flags, all: true, out, ...more }, signal);

describe("inspect of one head", () => {
  it("writes a picture and tells its numbers", async () => {
    const result = (await inspectHead()) as InspectHeadResult;
    const plan = await readPlan(flags.plan!);
    expect(result).toMatchObject({
      file: join(folder, "one.png"),
      ...one,
      prompt: "a <blue> star",
      seed: 7,
      steps: 4,
      step: 2,
      layout: `${plan.layout.height}x${plan.layout.width}`,
      branches: ["unconditional", "conditional"],
      chosen: plan.orders[1]![0],
    });
    expect(result.orders.map(({ order }) => order)).toEqual(["HW", "WH"]);
    const [first, second] = result.orders.map(({ cost }) => cost);
    // Both terms are shares of one sum.
    expect(first! + second!).toBeCloseTo(0, 6);
    expect(result.density).toBeGreaterThan(0);
    expect(result.density).toBeLessThanOrEqual(1);
    expect(result.keptMass).toBeGreaterThan(0);
    expect(result.keptMass).toBeLessThanOrEqual(1 + 1e-6);
    const { format, width, height } = await sharp(result.file).metadata();
    expect(format).toBe("png");
    expect(width).toBeGreaterThan(1400);
    expect(height).toBeGreaterThan(800);
  });

  it("looks at the step, the seed and the guidance that are asked for", async () => {
    const usual = (await inspectHead()) as InspectHeadResult;
    const early = (await inspectHead({ step: 0 })) as InspectHeadResult;
    expect(early.step).toBe(0);
    expect(early.timestep).toBeGreaterThan(usual.timestep);
    const other = (await inspectHead({ seed: 8 })) as InspectHeadResult;
    expect(other.seed).toBe(8);
    expect(other.orders).not.toEqual(usual.orders);
    const unguided = (await inspectHead({ guidance: 1 })) as InspectHeadResult;
    expect(unguided.branches).toEqual(["conditional"]);
    expect(unguided.orders).not.toEqual(usual.orders);
  });
});

describe("inspect --all", () => {
  it("writes a picture of every head and a page that links them all", async () => {
    const out = join(folder, "all");
    const result = (await inspectAll(out)) as InspectAllResult;
    expect(result.heads.map(({ layer, head }) => [layer, head])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(result).toMatchObject({ folder: out, index: join(out, "index.html"), step: 2 });
    const page = await readFile(result.index, "utf8");
    const links = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link!);
    expect(links).toHaveLength(8);
    for (const link of links) {
      expect((await sharp(join(out, link)).metadata()).format).toBe("png");
    }
    // Nothing is there but what the page leads to.
    expect((await readdir(out)).sort()).toEqual([...links, "index.html"].sort());
    expect(page).toContain("a &lt;blue&gt; star");
    expect(page).not.toContain("<blue>");
    expect(page).not.toContain("<script");
    for (const { file, chosen } of result.heads) {
      expect(links.map((link) => join(out, link))).toContain(file);
      expect(page).toContain(`<b>${chosen}</b>`);
    }
  });

  it("tells of a head what is told of it alone", async () => {
    const all = (await inspectAll(join(folder, "same"))) as InspectAllResult;
    const alone = (await inspectHead()) as InspectHeadResult;
    const among = all.heads.find(({ layer, head }) => layer === one.layer && head === one.head)!;
    const { file, ...numbers } = among;
    expect(alone).toMatchObject(numbers);
    expect(await readFile(file)).toEqual(await readFile(alone.file));
  });

  it("has no index while it is not done", async () => {
    const out = join(folder, "again");
    await inspectAll(out);
    const stopped = AbortSignal.abort();
    await expect(
      inspect(imageApp, "a star", { ...flags, all: true, out }, stopped),
    ).rejects.toThrow();
    const left = await readdir(out);
    expect(left).not.toContain("index.html");
    expect(left).toContain("layer-0-head-0.png");
    expect(left.filter((name) => !name.endsWith(".png"))).toEqual([]);
  });

  it("leaves the index page of something else alone", async () => {
    const out = join(folder, "site");
    await mkdir(out);
    await writeFile(join(out, "index.html"), "<h1>mine</h1>");
    await expect(inspectAll(out)).rejects.toThrow(/site: index\.html is there/);
    expect(await readFile(join(out, "index.html"), "utf8")).toBe("<h1>mine</h1>");
    expect(await readdir(out)).toEqual(["index.html"]);
    await writeFile(join(out, "index.html"), generatorOf(imageApp));
    await prepareFolder(imageApp, out);
    expect(await readdir(out)).toEqual([]);
  });
});

describe("bad input", () => {
  it.each<[string, Partial<InspectFlags>, RegExp]>([
    [
      "a layer that is not there",
      { layer: 2 },
      /--layer from 0 to 1.*2 layers of 2 heads.*found 2/,
    ],
    ["a head that is not there", { head: 5 }, /--head from 0 to 1.*found 5/],
    ["a step that is not there", { step: 4 }, /--step from 0 to 3.*--steps 4.*found 4/],
    ["a layer without a head", { head: undefined as never }, /--all.*no --head/],
    ["a head without a layer", { layer: undefined as never }, /--all.*no --layer/],
    ["--all with --layer", { all: true }, /no --layer with --all/],
    ["--all with --head", { all: true, layer: undefined as never }, /no --head with --all/],
    ["a file that is no PNG", { out: "one.jpg" }, /\.png.*one\.jpg/],
    ["another density than the plan's", { density: 0.2 }, /--density 0\.6.*0\.2/],
  ])("%s is a wrong command line", async (_, more, message) => {
    const before = await readdir(folder);
    const failed = inspectHead(more);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(UsageError);
    expect(await readdir(folder)).toEqual(before);
  });

  it("a step beyond the default steps is a wrong command line", async () => {
    const { steps: _, ...rest } = flags;
    const failed = inspect(
      imageApp,
      "x",
      { ...rest, ...one, step: 20, out: join(folder, "x.png") },
      signal,
    );
    await expect(failed).rejects.toThrow(/step from 0 to 19 but found 20/);
    await expect(failed).rejects.toBeInstanceOf(UsageError);
  });

  it("--all into a PNG, and a model without a prompt or a plan, are wrong command lines", async () => {
    const { plan: _, ...unplanned } = flags;
    const out = join(folder, "x.png");
    for (const [failed, message] of [
      [inspectAll(out), /folder.*x\.png/],
      [inspect(imageApp, undefined, { ...flags, ...one, out }, signal), /a prompt that suits/],
      [inspect(imageApp, "x", { ...unplanned, ...one, out }, signal), /--plan/],
    ] as const) {
      await expect(failed).rejects.toThrow(message);
      await expect(failed).rejects.toBeInstanceOf(UsageError);
    }
  });

  it("a plan that does not fit fails and names what differs", async () => {
    const failed = inspectHead({ model: otherModel, layer: 0 });
    await expect(failed).rejects.toThrow(/a model that fits the plan: .*found/);
    await expect(failed).rejects.not.toBeInstanceOf(UsageError);
  });

  it("a place that cannot be written to fails before the work", async () => {
    const missing = inspectHead({ out: join(folder, "missing", "x.png") });
    await expect(missing).rejects.toThrow(/cannot write .*missing/);
    const taken = join(folder, "taken");
    await writeFile(taken, "");
    const failed = inspectAll(taken);
    await expect(failed).rejects.toThrow(/cannot write .*taken: a file has this name/);
    await expect(failed).rejects.not.toBeInstanceOf(UsageError);
    await expect(inspectAll(join(folder, "missing", "all"))).rejects.toThrow(
      /cannot write .*all: ENOENT/,
    );
    await expect(inspectAll("/proc/all")).rejects.toThrow("cannot write /proc/all");
  });

  it("warns of other weights and goes on", async () => {
    const tuned = join(folder, "tuned");
    await cp(model, tuned, { recursive: true });
    const shards = (await readdir(join(tuned, "transformer"))).filter((name) =>
      name.endsWith(".safetensors"),
    );
    const weights = join(tuned, "transformer", shards[0]!);
    const bytes = await readFile(weights);
    // The lowest bit of the last weight in the file.
    bytes[bytes.length - 4]! ^= 1;
    await writeFile(weights, bytes);
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      await inspectHead({ model: tuned });
      expect(written.mock.calls.join("\n")).toContain("calibrated on other weights");
    } finally {
      written.mockRestore();
    }
  });
});
