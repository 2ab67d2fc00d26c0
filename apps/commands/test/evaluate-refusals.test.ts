import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { addEvaluateCommand } from "../src/evaluate/command.js";
import { UsageError } from "../src/terminal/run-command.js";
import { CALIBRATION_PROMPT, type Setting, tinySetting, told } from "./evaluate-model.js";

let setting: Setting;

beforeAll(async () => {
  setting = await tinySetting();
});
afterAll(() => rm(setting.folder, { recursive: true, force: true }));

async function prompts(text: string): Promise<string> {
  const file = join(setting.folder, "some-prompts.txt");
  await writeFile(file, text);
  return file;
}

type Change = NonNullable<Parameters<Setting["run"]>[0]>;

describe("evaluate refuses", () => {
  const cases: {
    readonly name: string;
    readonly change: () => Change | Promise<Change>;
    readonly says: readonly RegExp[];
  }[] = [
    {
      name: "prompts that a plan was calibrated on, however they are written",
      change: async () => ({
        prompts: await prompts(`a red star\n  ${CALIBRATION_PROMPT.toUpperCase()} \n`),
      }),
      says: [/plan-0\.9/, /not calibrated on/, /A BLUE STAR/],
    },
    {
      name: "seeds that a plan was calibrated with",
      change: () => ({ seeds: [5, 1_000_000] }),
      says: [/plan-0\.9/, /seeds/, /1000000/],
    },
    {
      name: "the sample model's calibration prompts, before its plans are made",
      change: async () => ({
        model: undefined,
        plan: undefined,
        density: [0.123],
        prompts: await prompts("a large yellow star at the bottom on a black background\n"),
      }),
      says: [/sample model's plan/, /large yellow star/],
    },
    {
      name: "a density for dense attention alone",
      change: () => ({ attention: ["dense"], plan: undefined, density: [0.5] }),
      says: [/--density/, /dense/],
    },
    {
      name: "a plan for dense attention alone",
      change: () => ({ attention: ["dense"] }),
      says: [/--plan/, /dense/],
    },
    {
      name: "PARO without a plan for a model that ships none",
      change: () => ({ plan: undefined }),
      says: [/--plan/, /pixart-square/, /calibrate/],
    },
    {
      name: "a model of one's own without prompts",
      change: () => ({ prompts: undefined }),
      says: [/--prompts/, /pixart-square/],
    },
    {
      name: "a density that no plan has",
      change: () => ({ density: [0.9, 0.25] }),
      says: [/0\.25/, /paro at density 0\.9 \(.*plan-0\.9/],
    },
    {
      name: "a strategy that no plan has",
      change: () => ({ attention: ["dense", "paro-native"] }),
      says: [/paro-native/, /plan-0\.6/],
    },
    {
      name: "two plans for the same",
      change: async () => {
        const plans = join(setting.folder, "plans");
        await mkdir(plans, { recursive: true });
        await cp(setting.flags.plan![0]!, join(plans, "a.safetensors"));
        await cp(setting.flags.plan![0]!, join(plans, "b.safetensors"));
        return { plan: [plans] };
      },
      says: [/one plan for paro at density 0\.9/, /a\.safetensors/, /b\.safetensors/],
    },
    {
      name: "a density that the dense steps alone take",
      change: () => ({
        attention: ["rettention"],
        plan: undefined,
        density: [0.5],
        warmUp: 2,
        refresh: [2],
      }),
      says: [/above 1 for rettention/, /3 of 3/, /--warm-up/, /0\.5/],
    },
    {
      name: "a plan that fits the run's density but not the sparse steps'",
      change: () => ({ attention: ["paro"], density: [0.9], warmUp: 1 }),
      says: [/paro at density 0\.9 over the run, 0\.85 at its sparse steps/, /plan-0\.9/],
    },
    {
      name: "dense steps of one's own beside those of the papers",
      change: () => ({ schedule: "paper", refresh: [1] }),
      says: [/no --refresh with --schedule paper/],
    },
    {
      name: "a plan for strategies that go by none",
      change: () => ({ attention: ["dense", "window", "reuse"] }),
      says: [/no --plan with --attention dense,window,reuse/],
    },
    {
      name: "a density for strategies that have none",
      change: () => ({ attention: ["dense", "reuse"], plan: undefined, density: [0.5] }),
      says: [/no --density with --attention dense,reuse/],
    },
    {
      name: "a strategy that cannot serve the model, before the first picture",
      change: () => ({
        attention: ["dense", "window"],
        plan: undefined,
        density: [0.7],
        width: 32,
        height: 32,
        work: join(setting.folder, "few"),
      }),
      says: [/^window 0\.7, fp32: Expected at least 2 blocks/],
    },
    {
      name: "a strategy that needs frames, for pictures",
      change: () => ({ attention: ["dense", "sparse-videogen"], plan: undefined, density: [0.7] }),
      says: [/^sparse-videogen 0\.7, fp32: Expected a model with frames/],
    },
    {
      name: "a strategy without the steps that it has to look at",
      change: () => ({ attention: ["rettention"], plan: undefined, density: [0.7], warmUp: 1 }),
      says: [/^rettention 0\.7, fp32: Expected a refresh before the first sparse step/],
    },
    {
      name: "a folder without plans",
      change: async () => {
        await mkdir(join(setting.folder, "none"), { recursive: true });
        return { plan: [join(setting.folder, "none")] };
      },
      says: [/\*\.safetensors/, /none/],
    },
  ];

  it.each(cases)("$name", async ({ change, says }) => {
    const error = await setting.run(await change()).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UsageError);
    for (const pattern of says) expect((error as Error).message).toMatch(pattern);
  });

  it("a report that cannot be written, before the work", async () => {
    const file = join(setting.folder, "a-file");
    await writeFile(file, "");
    await expect(setting.run({ report: join(file, "report") })).rejects.toThrow(
      /cannot write .*a-file/,
    );
  });

  it("a plan for another size, before the first picture", async () => {
    const work = join(setting.folder, "size");
    await expect(setting.run({ width: 32, height: 32, work })).rejects.toThrow(/layout/);
    expect(await readdir(join(work, "results"))).toEqual([]);
  });
});

describe("the flags", () => {
  const cases = [
    [["--density", "0.5,1.5"], /--density.*\(0, 1\].*1\.5/s],
    [["--density", "0.5,,0.3"], /--density.*found ''/s],
    [["--seeds", "1,x"], /--seeds.*number.*x/s],
    [["--attention", "dense,sparge"], /--attention.*paro-native.*sparge/s],
    [["--attention", "paro,dense,paro"], /--attention.*once.*'paro' twice/s],
    [["--schedule", "mine"], /--schedule.*common, paper/s],
    [["--precision", "fp32,int7"], /--precision.*int8.*int7/s],
    [["--plan", ""], /--plan/],
    [["--steps", "0"], /--steps.*1 to 1000/s],
    [["--nope"], /--nope/],
    [["a prompt"], /arguments/],
  ] as const;

  it.each(cases)("are refused with one message: %j", async (args, says) => {
    const program = new Command("image-dit").exitOverride();
    addEvaluateCommand(imageApp, program);
    let code: unknown;
    const text = await told(async () => {
      await program.parseAsync(["evaluate", ...args], { from: "user" }).catch((error) => {
        code = error.code;
      });
    });
    expect(code).toMatch(/^commander\./);
    expect(text).toMatch(says);
    expect(text).not.toMatch(/\n\s+at /);
  });
});
