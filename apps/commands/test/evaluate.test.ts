import { access, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareWithReference, type Picture } from "@paroattn/pipelines";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluateResult } from "../src/evaluate/evaluate.js";
import { evaluationLineSchema } from "../src/evaluate/summary.js";
import { COMMAND_LINE, type Setting, tinySetting, told } from "./evaluate-model.js";

let setting: Setting;
let result: EvaluateResult;
let report: string;

beforeAll(async () => {
  setting = await tinySetting();
  report = join(setting.folder, "report");
  result = await setting.run({ report });
});
afterAll(() => rm(setting.folder, { recursive: true, force: true }));

async function readPicture(name: string): Promise<Picture> {
  const { data, info } = await sharp(join(report, "pictures", name))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

interface StoredPair {
  readonly file: string;
  readonly settings: {
    readonly kind: string;
    readonly strategy: string;
    readonly plan: string | null;
    readonly prompt: string;
    readonly seed: number;
  };
  readonly result: { readonly picture: string; readonly densePicture: string };
}

async function storedResults(folder = join(setting.folder, "work")): Promise<StoredPair[]> {
  const results = join(folder, "results");
  const names = await readdir(results);
  return Promise.all(
    names.map(async (file) => ({
      file,
      ...JSON.parse(await readFile(join(results, file), "utf8")),
    })),
  );
}

describe("the lines", () => {
  it("are one for each combination, as their schema says", () => {
    const { lines } = result;
    expect(lines.map(({ strategy, density }) => [strategy, density])).toEqual([
      ["dense", 1],
      ["paro", 0.9],
      ["paro", 0.6],
    ]);
    for (const line of lines) {
      // As a reader of the output would.
      expect(evaluationLineSchema.strict().parse(JSON.parse(JSON.stringify(line)))).toEqual(line);
      expect(line).toMatchObject({
        precision: "fp32",
        simulated: false,
        pictures: 4,
        prompts: ["a large red circle", 'a cat & a <b>"dog"</b>'],
        seeds: [1, 2],
      });
      for (const key of ["attentionMs", "denseAttentionMs"] as const) {
        expect(line[key].mean).toBeGreaterThan(0);
      }
      expect(line.loopMs.mean).toBeGreaterThan(line.attentionMs.mean);
      expect(line.denseLoopMs.mean).toBeGreaterThan(line.denseAttentionMs.mean);
      // The checker reads one of the two prompts.
      expect(line.captionAccuracy).not.toBeNull();
    }
  });

  it("find dense attention the same as dense attention", () => {
    const dense = result.lines[0]!;
    expect(dense.psnr).toEqual({ mean: null, spread: null, identical: 4 });
    expect(dense.densityMet).toEqual({ mean: 1, spread: 0 });
    expect(dense.ssim.mean).toBeCloseTo(1, 12);
    expect(dense.relativeL1.mean).toBe(0);
  });

  it("tell of the pictures that were kept", async () => {
    const stored = (await storedResults()).filter(({ settings }) => settings.kind === "pair");
    expect(stored).toHaveLength(12);
    const plans = [...new Set(stored.map(({ settings }) => settings.plan))];
    expect(plans).toHaveLength(3);
    const means: number[] = [];
    for (const plan of plans.filter((plan) => plan !== null)) {
      const pairs = stored.filter(({ settings }) => settings.plan === plan);
      const psnr = await Promise.all(
        pairs.map(async ({ result }) => {
          const [dense, picture] = await Promise.all([
            readPicture(result.densePicture),
            readPicture(result.picture),
          ]);
          return compareWithReference(dense, picture).psnr;
        }),
      );
      means.push(psnr.reduce((sum, value) => sum + value, 0) / 4);
    }
    const told = [result.lines[1]!.psnr.mean!, result.lines[2]!.psnr.mean!];
    for (const [index, mean] of means.sort((a, b) => b - a).entries()) {
      expect(told[index]).toBeCloseTo(mean, 9);
    }
    // Four pictures were drawn dense, each several times, and are kept once.
    expect(new Set(stored.map(({ result }) => result.densePicture)).size).toBe(4);
  });

  it("lose less where more is computed, at the densities that were asked for", () => {
    const [, most, least] = result.lines;
    expect(most!.psnr.mean!).toBeGreaterThan(least!.psnr.mean!);
    expect(Math.abs(most!.densityMet.mean - 0.9)).toBeLessThan(0.02);
    expect(Math.abs(least!.densityMet.mean - 0.6)).toBeLessThan(0.02);
  });
});

describe("a second run", () => {
  it("reuses every result, with its times, and says so", async () => {
    let again: EvaluateResult | undefined;
    const text = await told(async () => {
      again = await setting.run();
    });
    expect(again!.lines).toEqual(result.lines);
    expect(text).toMatch(/reusing 19 of 19 results from .*work, times as measured since 20/);
  });

  it("measures only what was not asked for before", async () => {
    const results = join(setting.folder, "work/results");
    const before = (await readdir(results)).length;
    const text = await told(() => setting.run({ seeds: [2, 3], density: [0.6] }));
    // Of two prompts with two seeds, dense, one density and the look at the map: seed 2 is known. What strategies do beside
    // their attention is looked at with the first seed, which is another one now.
    expect(text).toMatch(/reusing 6 of 14 results/);
    expect((await readdir(results)).length).toBe(before + 8);
  });

  it.each([
    ["steps", { steps: 2 }],
    ["guidance", { guidance: 2 }],
    ["size", { width: 32, height: 32, attention: ["dense"], plan: undefined }],
    ["threads", { threads: 2 }],
  ] as const)("does not take other %s for the same", async (_, change) => {
    const work = join(setting.folder, "work");
    const before = (await readdir(join(work, "results"))).length;
    const text = await told(() => setting.run({ seeds: [1], ...change }));
    expect(text).not.toContain("reusing");
    expect((await readdir(join(work, "results"))).length).toBeGreaterThan(before);
  });

  it("measures again what somebody has damaged", async () => {
    const work = join(setting.folder, "damaged");
    const flags = { work, seeds: [1], density: [0.6] };
    const first = await setting.run(flags);
    const stored = await storedResults(work);
    expect(stored).toHaveLength(8);
    const pairs = stored.filter(({ settings }) => settings.kind === "pair");
    const { picture } = pairs.find(({ settings }) => settings.plan !== null)!.result;
    await rm(join(work, "pictures", picture));
    const name = stored.find(({ settings }) => settings.kind === "incoherence")!.file;
    await writeFile(join(work, "results", name), '{"settings": {}, "resu');
    let again: EvaluateResult | undefined;
    const text = await told(async () => {
      again = await setting.run(flags);
    });
    expect(text).toMatch(/reusing 6 of 8/);
    for (const [index, line] of again!.lines.entries()) {
      expect(line.psnr).toEqual(first.lines[index]!.psnr);
      expect(line.incoherence).toEqual(first.lines[index]!.incoherence);
    }
    await access(join(work, "pictures", picture));
  });
});

describe("a run that is stopped", () => {
  it("keeps what is finished and goes on from there", async () => {
    const work = join(setting.folder, "stopped");
    const controller = new AbortController();
    const results = join(work, "results");
    const watching = setInterval(async () => {
      const names = await readdir(results).catch(() => []);
      if (names.filter((name) => name.endsWith(".json")).length >= 3) controller.abort();
    }, 1);
    const text = await told(async () => {
      const running = setting.run({ work, steps: 12 }, controller.signal);
      await expect(running).rejects.toThrow(/abort/i);
    }).finally(() => clearInterval(watching));
    const kept = await storedResults(work);
    expect(kept.length).toBeGreaterThanOrEqual(3);
    expect(kept.length).toBeLessThan(19);
    expect(text).toContain(
      `${kept.length} of 19 results are kept in ${work}; the same command goes on`,
    );
    expect((await readdir(results)).filter((name) => !name.endsWith(".json"))).toEqual([]);
    const rest = await told(() => setting.run({ work, steps: 12 }));
    expect(rest).toContain(`reusing ${kept.length} of 19 results`);
    expect(await storedResults(work)).toHaveLength(19);
  });
});

describe("the report", () => {
  const page = () => readFile(join(report, "index.html"), "utf8");

  it("is a page that needs nothing but the pictures beside it", async () => {
    expect(result.page).toBe(join(report, "index.html"));
    const text = await page();
    const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(0);
    for (const link of new Set(links)) {
      expect(link).toMatch(/^pictures\/[0-9a-f]+\.png$/);
      await access(join(report, link));
    }
    // An SVG names its namespace; nothing else may look like an address.
    expect(text.replaceAll(/xmlns(:xlink)?="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import/);
    expect(text).not.toMatch(/<script(?! type="application\/json")/);
    expect(text).toContain(COMMAND_LINE);
  });

  it("holds the table, the curves and the lines themselves", async () => {
    const text = await page();
    expect(text.match(/<svg/g)).toHaveLength(4);
    const rows = [...text.matchAll(/<th scope="row">([^<]*)</g)].map(([, name]) => name);
    expect(rows).toEqual(["dense", "paro 0.9", "paro 0.6"]);
    expect(text).toContain(result.lines[2]!.psnr.mean!.toFixed(2));
    const inline = /<script type="application\/json" id="lines">(.*?)<\/script>/.exec(text)![1]!;
    expect(JSON.parse(inline)).toEqual(result.lines);
    const lines = (await readFile(join(report, "lines.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(result.lines);
  });

  it("shows prompts as they are, not as markup", async () => {
    const text = await page();
    expect(text).toContain("a cat &amp; a &lt;b&gt;&quot;dog&quot;&lt;/b&gt;");
    expect(text).not.toContain("<b>");
  });

  it("enlarges the difference of the two pictures beside it", async () => {
    const card = /class="three">(.*?)<\/div>/s.exec(await page())![1]!;
    const [dense, picture, difference] = await Promise.all(
      [...card.matchAll(/src="pictures\/([^"]*)"/g)].map(([, name]) => readPicture(name!)),
    );
    const expected = dense!.data.map((value, i) =>
      Math.min(255, 4 * Math.abs(value - picture!.data[i]!)),
    );
    expect(expected.some((value) => value > 0)).toBe(true);
    expect(difference!.data).toEqual(expected);
  });
});
