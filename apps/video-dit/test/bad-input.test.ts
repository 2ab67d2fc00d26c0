import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runInChild, runInProcess } from "../../commands/test/run.js";
import { videoApp } from "../src/app.js";
import { type behaviours, fakeFfmpeg } from "./fake-ffmpeg.js";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const model = fileURLToPath(new URL("../../../fixtures/cogvideox-sincos", import.meta.url));
const pictureModel = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));
const TINY = ["--model", model, "--steps", "2", "--threads", "1"];
const DRAW = ["generate", "x", ...TINY, "--seed", "1"];

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: 1 | 2;
  readonly says: readonly RegExp[];
  readonly ffmpeg?: keyof typeof behaviours | "none";
}

const flag = (name: string, values: readonly string[], expected: RegExp): Row[] =>
  values.map((value) => ({
    name: `${name} '${value}'`,
    args: [...DRAW, name, value],
    code: 2,
    says: [new RegExp(name), expected, new RegExp(`found '${value}'`)],
  }));

const ROWS: readonly Row[] = [
  ...flag("--frames", ["0", "-9", "8.5", "65537"], /whole number from 1 to 65536/),
  ...flag("--frames", ["many", ""], /a number/),
  ...flag("--fps", ["0", "-8", "121"], /0\.1 to 120 frames a second/),
  ...flag("--fps", ["fast"], /a number/),
  ...flag("--steps", ["0", "-1", "1.5"], /whole number from 1 to 1000/),
  ...flag("--warm-up", ["-1", "0.5", "1001"], /whole number from 0 to 1000/),
  ...flag(
    "--refresh",
    ["", "-1", "0,,1", "1.5", "every:0", "every:", "often"],
    /0,10,20, or every:5/,
  ),
  ...[
    ["8", "nearest are 1 and 9"],
    ["10", "nearest are 9 and 17"],
    ["48", "nearest are 41 and 49"],
  ].map(
    ([frames, nearest]): Row => ({
      name: `${frames} frames, which the autoencoder's stride does not fit`,
      args: [...DRAW, "--frames", frames!],
      code: 1,
      says: [/frames to be one more than a multiple of 8/, new RegExp(nearest!)],
    }),
  ),
  ...[
    ["--width", "41", /width to be a multiple of 8, the nearest are 40 and 48/],
    ["--height", "4", /height to be a multiple of 8, the smallest is 8/],
  ].map(
    ([name, size, says]): Row => ({
      name: `a ${name} that the patch does not divide`,
      args: [...DRAW, name as string, size as string],
      code: 1,
      says: [says as RegExp],
    }),
  ),
  ...["clip.avi", "clip.png", "clip", ".webp", "clip.webp.zip"].map(
    (out): Row => ({
      name: `--out ${out}, which nobody writes`,
      args: [...DRAW, "--out", out],
      code: 2,
      says: [/--out to end in \.webp, \.gif or \.mp4/, new RegExp(`found '${out}'`)],
    }),
  ),
  {
    name: "a GIF faster than browsers show",
    args: [...DRAW, "--out", "clip.gif", "--fps", "51"],
    code: 2,
    says: [/--fps up to 50 for a GIF/, /found 51/],
  },
  {
    name: "an MP4 without ffmpeg",
    args: [...DRAW, "--out", "clip.mp4"],
    code: 1,
    says: [/ffmpeg on the PATH/, /none that starts/, /\.webp or \.gif/],
    ffmpeg: "none",
  },
  {
    name: "an ffmpeg that dies half way",
    args: [...DRAW, "--out", "clip.mp4", "--frames", "49"],
    code: 1,
    says: [/ffmpeg to write .*clip\.mp4/, /Conversion failed!/],
    ffmpeg: "dies",
  },
  ...["generate x", "calibrate --out p.safetensors", "evaluate", "inspect --all --out heads"].map(
    (command): Row => ({
      name: `no model: ${command}`,
      args: command.split(" "),
      code: 2,
      says: [/--model with a diffusers folder/, /found none/],
    }),
  ),
  {
    name: "a model of pictures",
    args: [...DRAW, "--model", pictureModel],
    code: 1,
    says: [/architecture CogVideoXPipeline/, /PixArt/],
  },
  {
    name: "calibrate without prompts",
    args: ["calibrate", ...TINY, "--out", "p.safetensors"],
    code: 2,
    says: [/--prompts FILE/, /cogvideox-sincos/],
  },
  {
    name: "sets of masks of their own where all steps share one",
    args: ["calibrate", ...TINY, "--share", "all", "--buckets", "2", "--out", "p.safetensors"],
    code: 2,
    says: [/no --buckets with --share all/],
  },
  {
    name: "steps that share masks by a name nobody knows",
    args: ["calibrate", ...TINY, "--share", "half", "--out", "p.safetensors"],
    code: 2,
    says: [/--share/, /second-half, none, all/],
  },
  {
    name: "masks of dense attention compared",
    args: ["evaluate", ...TINY, "--attention", "dense", "--mask-shift"],
    code: 2,
    says: [/no --mask-shift with --attention dense/],
  },
  ...[
    ["--warm-up", "3", /warm-up of 0 to 2 steps, which the run has, but found 3/],
    ["--refresh", "0,2", /refresh steps from 0 to 1 but found 2/],
  ].flatMap(([name, value, says]) =>
    [DRAW, ["evaluate", ...TINY, "--prompts", "others.txt"]].map(
      (command): Row => ({
        name: `${command[0]} with ${name} ${value}, which the run is too short for`,
        args: [...command, "--plan", "plan.safetensors", name as string, value as string],
        code: 2,
        says: [says as RegExp],
      }),
    ),
  ),
  {
    name: "steps of PARO without it",
    args: [...DRAW, "--warm-up", "1"],
    code: 2,
    says: [/no --warm-up with dense attention alone/],
  },
  {
    name: "steps of PARO for dense attention compared",
    args: [
      "evaluate",
      ...TINY,
      "--prompts",
      "others.txt",
      "--attention",
      "dense",
      "--refresh",
      "0",
    ],
    code: 2,
    says: [/no --refresh with dense attention alone/],
  },
  {
    name: "PARO without a plan",
    args: [...DRAW, "--density", "0.3"],
    code: 2,
    says: [/Expected --plan FILE/, /video-dit calibrate --model .* --density 0\.3/],
  },
  {
    name: "a plan for videos of another length",
    args: [...DRAW, "--plan", "plan.safetensors", "--frames", "17"],
    code: 1,
    says: [/fits the plan/, /layout/],
  },
  {
    name: "evaluate without prompts",
    args: ["evaluate", ...TINY, "--plan", "plan.safetensors"],
    code: 2,
    says: [/--prompts FILE/],
  },
  {
    name: "evaluate with prompts that were calibrated on",
    args: ["evaluate", ...TINY, "--plan", "plan.safetensors", "--prompts", "prompts.txt"],
    code: 2,
    says: [/not calibrated on/],
  },
  {
    name: "inspect without a prompt",
    args: ["inspect", ...TINY, "--plan", "plan.safetensors", "--all", "--out", "heads"],
    code: 2,
    says: [/Expected a prompt/],
  },
];

/** One row in so many is run by the built app too. */
const IN_A_CHILD = 8;

let folder: string;
const home = process.cwd();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "video-dit-bad-input-"));
  process.chdir(folder);
  await writeFile("prompts.txt", "a red circle\n");
  await writeFile("others.txt", "a cat\n");
  const made = await runInProcess(videoApp, [
    ...["calibrate", ...TINY, "--density", "0.9", "--prompts", "prompts.txt"],
    ...["--out", "plan.safetensors"],
  ]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

/** One line that says it, and nothing left behind. */
async function check(row: Row, run: () => Promise<Outcome>): Promise<void> {
  const before = await readdir(folder, { recursive: true });
  await using _ = row.ffmpeg && (await fakeFfmpeg(row.ffmpeg));
  const { code, stdout, stderr } = await run();
  expect({ code, stderr }).toEqual({ code: row.code, stderr });
  expect(stdout).toBe("");
  const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("(video-dit"));
  expect(lines.length, stderr).toBe(1);
  expect(lines[0]).toMatch(/^(error|video-dit): /);
  for (const pattern of row.says) expect(stderr).toMatch(pattern);
  expect(await readdir(folder, { recursive: true })).toEqual(before);
}

describe("bad input", () => {
  it.each(ROWS)("$name", (row) => check(row, () => runInProcess(videoApp, row.args)));

  it("is met the same way by the built app", async () => {
    for (const row of ROWS.filter((_, index) => index % IN_A_CHILD === 0)) {
      await check(row, () => runInChild(cli, row.args, folder));
    }
  });
});
