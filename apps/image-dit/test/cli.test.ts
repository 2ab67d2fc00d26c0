import { spawn } from "node:child_process";
import { access, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const model = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));
const wideModel = fileURLToPath(new URL("../../../fixtures/pixart-wide", import.meta.url));

let folder: string;
let plan: string;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A limit of no bytes a file is the full disk that a test can have: every write fails. */
const FULL_DISK = 'ulimit -f 0; exec "$@"';

/** Runs the built app in the scratch folder, by itself or `through` a shell command. */
function run(
  args: readonly string[],
  options: { interruptAfterMs?: number; through?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = options.through ? ["bash", "-c", options.through, "bash"] : [];
    const [program, ...rest] = [...command, process.execPath, cli, ...args];
    const child = spawn(program!, rest, { cwd: folder });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    if (options.interruptAfterMs !== undefined) {
      setTimeout(() => child.kill("SIGINT"), options.interruptAfterMs);
    }
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const tiny = ["--model", model, "--steps", "4", "--threads", "2"];

beforeAll(async () => {
  await access(cli).catch(() => {
    throw new Error(
      "Expected the app to be built but found no dist/cli.js; run npm test, or turbo run build",
    );
  });
  folder = await mkdtemp(join(tmpdir(), "image-dit-cli-"));
  plan = join(folder, "plan.safetensors");
  const prompts = join(folder, "prompts.txt");
  await writeFile(prompts, "a red circle\n\na blue star\n");
  const { code, stdout, stderr } = await run([
    "calibrate",
    ...tiny,
    "--density",
    "0.9",
    "--prompts",
    prompts,
    "--out",
    plan,
    "--json",
  ]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ file: plan, density: 0.9, prompts: 2 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("generate", () => {
  it("prints one JSON object and writes the picture", async () => {
    const { code, stdout, stderr } = await run([
      "generate",
      "A Red Circle",
      ...tiny,
      "--seed",
      "7",
      "--json",
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(Object.keys(result)).toEqual([
      "files",
      "seed",
      "steps",
      "strategy",
      "precision",
      "density",
      "attentionMs",
      "loopMs",
      "totalMs",
    ]);
    expect(result).toMatchObject({
      seed: 7,
      steps: 4,
      strategy: "dense",
      precision: "fp32",
      density: 1,
    });
    expect(result.files).toEqual([join(folder, "a-red-circle-7.png")]);
    expect(result.attentionMs).toBeGreaterThan(0);
    expect(result.loopMs).toBeGreaterThan(result.attentionMs);
    expect(result.totalMs).toBeGreaterThan(result.loopMs);
    expect((await sharp(result.files[0]).metadata()).format).toBe("png");
  });

  it("computes in the precision that is asked for, and says so", async () => {
    const draw = (...flags: string[]) =>
      run([
        "generate",
        "a red circle",
        ...tiny,
        "--seed",
        "7",
        "--out",
        join(folder, "int8.png"),
        ...flags,
      ]);
    const { code, stdout, stderr } = await draw("--precision", "int8:tileRow");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("dense, int8:tileRow, density 1.000");
    const json = JSON.parse((await draw("--precision", "int4", "--json")).stdout);
    expect(json.precision).toBe("int4");
    const sparse = await draw("--plan", plan, "--precision", "int8");
    expect(sparse.stdout).toContain("paro, int8, density 0.9");
  });

  it("refuses a precision that does not exist in one sentence", async () => {
    const { code, stderr } = await run(["generate", "a", ...tiny, "--precision", "int9"]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "Expected fp32, int8, int4, int8-qk, int4-qk, with choices as in int8:tileRow:u8:rank1 but found 'int9'.",
    );
  });

  it("draws the same picture for the same seed, alone or among others", async () => {
    const draw = async (out: string, ...flags: string[]) => {
      const { code } = await run(["generate", "a star", ...tiny, "--out", out, ...flags]);
      expect(code).toBe(0);
    };
    await draw("one.png", "--seed", "9");
    await draw("two.png", "--seed", "8", "--count", "2");
    const pixels = (file: string) => sharp(join(folder, file)).raw().toBuffer();
    expect(await pixels("two-2.png")).toEqual(await pixels("one.png"));
    expect(await pixels("two-1.png")).not.toEqual(await pixels("one.png"));
  });

  it("uses the plan it is given and tells the density it met", async () => {
    const { code, stdout } = await run(["generate", "", ...tiny, "--plan", plan, "--json"]);
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.strategy).toBe("paro");
    expect(result.density).toBeGreaterThan(0.5);
    expect(result.density).toBeLessThanOrEqual(1);
  });
});

describe("evaluate", () => {
  it("prints a JSON line for each combination, and says what it reuses", async () => {
    await writeFile(join(folder, "others.txt"), "a green square\n");
    const small = ["--width", "64", "--height", "64", "--attention", "dense"];
    const args = ["evaluate", ...tiny, ...small, "--prompts", "others.txt", "--json"];
    const first = await run([...args, "--precision", "fp32,int8", "--work", "work"]);
    expect(first.code).toBe(0);
    const lines = first.stdout.trimEnd().split("\n");
    const parsed = lines.map((line) => JSON.parse(line));
    expect(parsed.map(({ precision, simulated }) => [precision, simulated])).toEqual([
      ["fp32", false],
      ["int8", false],
    ]);
    const again = await run([...args, "--precision", "fp32,int8", "--work", "work"]);
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).toMatch(/^image-dit: reusing 5 of 5 results from .*work/);
  });
});

describe("bad input", () => {
  const cases: {
    name: string;
    args: () => string[] | Promise<string[]>;
    code: number;
    says: RegExp[];
  }[] = [
    {
      name: "a density outside (0, 1]",
      args: () => ["generate", "x", "--density", "1.5"],
      code: 2,
      says: [/--density/, /\(0, 1\]/, /1\.5/],
    },
    {
      name: "a plan with another density",
      args: () => ["generate", "x", ...tiny, "--plan", plan, "--density", "0.3"],
      code: 2,
      says: [/0\.9/, /0\.3/, /plan\.safetensors/],
    },
    {
      name: "a plan with dense attention",
      args: () => ["generate", "x", ...tiny, "--plan", plan, "--attention", "dense"],
      code: 2,
      says: [/--plan/, /dense/],
    },
    {
      name: "a plan for another model",
      args: () => ["generate", "x", "--model", wideModel, "--plan", plan],
      code: 1,
      says: [/layout|layers|heads/i, /found/],
    },
    {
      name: "a plan for another size",
      args: () => ["generate", "x", ...tiny, "--plan", plan, "--width", "64", "--height", "32"],
      code: 1,
      says: [/layout/i, /found/],
    },
    {
      name: "PARO without a plan for a model that ships none",
      args: () => ["generate", "x", ...tiny, "--attention", "paro"],
      code: 2,
      says: [/--plan/, /calibrate/],
    },
    {
      name: "a missing plan file",
      args: () => ["generate", "x", ...tiny, "--plan", "none.safetensors"],
      code: 1,
      says: [/none\.safetensors/],
    },
    {
      name: "a plan that is no plan",
      args: () => [
        "generate",
        "x",
        ...tiny,
        "--plan",
        join(model, "vae/diffusion_pytorch_model.safetensors"),
      ],
      code: 1,
      says: [/plan/],
    },
    {
      name: "a truncated plan",
      args: async () => {
        await cp(plan, join(folder, "short.safetensors"));
        await truncate(join(folder, "short.safetensors"), 100);
        return ["generate", "x", ...tiny, "--plan", "short.safetensors"];
      },
      code: 1,
      says: [/short\.safetensors/, /found/],
    },
    {
      name: "a model folder that is none",
      args: () => ["generate", "x", "--model", folder],
      code: 1,
      says: [/model_index\.json/],
    },
    {
      name: "an unknown architecture",
      args: async () => {
        await cp(model, join(folder, "flux"), { recursive: true });
        await writeFile(join(folder, "flux/model_index.json"), '{"_class_name": "FluxPipeline"}');
        return ["generate", "x", "--model", "flux"];
      },
      code: 1,
      says: [/FluxPipeline/, /PixArtAlphaPipeline/],
    },
    {
      name: "a truncated weight file",
      args: async () => {
        await cp(model, join(folder, "cut"), { recursive: true });
        await truncate(join(folder, "cut/transformer/diffusion_pytorch_model.safetensors"), 5000);
        return ["generate", "x", "--model", "cut"];
      },
      code: 1,
      says: [/transformer/, /found/],
    },
    {
      name: "an empty prompt file",
      args: async () => {
        await writeFile(join(folder, "empty.txt"), "\n  \n");
        return ["calibrate", ...tiny, "--prompts", "empty.txt", "--out", "p.safetensors"];
      },
      code: 2,
      says: [/empty\.txt/, /prompt/],
    },
    {
      name: "a folder as prompt file",
      args: () => ["calibrate", ...tiny, "--prompts", folder, "--out", "p.safetensors"],
      code: 2,
      says: [/prompts/, /EISDIR/],
    },
    {
      name: "a number beyond all bounds",
      args: () => ["generate", "x", "--guidance", "1e999"],
      code: 2,
      says: [/--guidance/, /finite number/, /1e999/],
    },
    {
      name: "a missing prompt file",
      args: () => ["calibrate", ...tiny, "--prompts", "none.txt", "--out", "p.safetensors"],
      code: 2,
      says: [/none\.txt/],
    },
    {
      name: "an unwritable path, before the work",
      args: () => ["generate", "x", ...tiny, "--out", "missing/x.png"],
      code: 1,
      says: [/missing/],
    },
    {
      name: "an extension nobody writes",
      args: () => ["generate", "x", ...tiny, "--out", "x.tiff"],
      code: 2,
      says: [/\.png/, /x\.tiff/],
    },
    {
      name: "a size that the model cannot draw",
      args: () => ["generate", "x", ...tiny, "--width", "33"],
      code: 1,
      says: [/33/, /width/],
    },
    {
      name: "a number that is none",
      args: () => ["generate", "x", "--steps", "many"],
      code: 2,
      says: [/--steps/, /many/],
    },
    {
      name: "an evaluation of prompts that the plan was calibrated on",
      args: () => ["evaluate", ...tiny, "--plan", plan, "--prompts", "prompts.txt"],
      code: 2,
      says: [/calibrated/, /"a red circle"/, /plan\.safetensors/],
    },
    {
      name: "an evaluation in a precision that does not exist",
      args: () => ["evaluate", "--precision", "fp32,int7"],
      code: 2,
      says: [/--precision/, /int8/, /int7/],
    },
    { name: "an unknown flag", args: () => ["generate", "x", "--nope"], code: 2, says: [/--nope/] },
  ];

  it.each(cases)("$name", async ({ args, code, says }) => {
    const before = await readdir(folder);
    const given = await args();
    const outcome = await run(given);
    expect(outcome.stdout).toBe("");
    expect(outcome.code).toBe(code);
    for (const pattern of says) expect(outcome.stderr).toMatch(pattern);
    expect(outcome.stderr).not.toMatch(/unexpected error|\n\s+at /);
    const made = (await readdir(folder)).filter((name) => !before.includes(name));
    expect(made.filter((name) => /png|^\.|^p\.safetensors/.test(name))).toEqual([]);
  });

  it("stops within a second of Ctrl-C and leaves nothing behind", async () => {
    const start = performance.now();
    const interruptAfterMs = 2500;
    const { code, stderr } = await run(
      ["generate", "x", "--model", model, "--steps", "1000", "--out", "stopped.png"],
      { interruptAfterMs },
    );
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted/);
    expect(performance.now() - start - interruptAfterMs).toBeLessThan(1000);
    expect((await readdir(folder)).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  it.each([
    ["generate", ["generate", "x", ...tiny, "--out", "full.png"]],
    [
      "calibrate",
      [
        "calibrate",
        ...tiny,
        "--density",
        "0.9",
        "--prompts",
        "prompts.txt",
        "--out",
        "full.safetensors",
      ],
    ],
  ] as const)("tells of a full disk and leaves no half file (%s)", async (_, args) => {
    const { code, stderr } = await run(args, { through: FULL_DISK });
    expect(code).toBe(1);
    expect(stderr).toMatch(/full\.(png|safetensors)/);
    expect((await readdir(folder)).filter((name) => name.includes("full"))).toEqual([]);
  });

  it("takes one line for a result that cannot be written, none for a reader that went away", async () => {
    const args = ["generate", "x", ...tiny, "--out", "told.png", "--json"];
    const full = await run(args, { through: '"$@" > /dev/full' });
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^image-dit: cannot write the result: ENOSPC.*\n$/);
    const gone = await run(args, { through: 'set -o pipefail; "$@" | true' });
    expect(gone).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("keeps the pictures that were done when it is stopped", async () => {
    const { code } = await run(
      ["generate", "x", ...tiny, "--count", "500", "--seed", "1", "--out", "many.png"],
      { interruptAfterMs: 3000 },
    );
    expect(code).toBe(130);
    const left = (await readdir(folder)).filter((name) => name.includes("many"));
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(500);
    for (const name of left) expect(name).toMatch(/^many-\d+\.png$/);
  });
});

it("ships help that names every flag of the README", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const flags = readme.match(/--[a-z]+/g) ?? [];
  const main = (await run(["--help"])).stdout;
  const commands = [...main.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name!);
  expect(commands).toContain("evaluate");
  const helps = await Promise.all(commands.map((name) => run([name, "--help"])));
  const help = helps.map(({ stdout }) => stdout).join();
  for (const flag of new Set(flags)) expect(help).toContain(flag);
});
