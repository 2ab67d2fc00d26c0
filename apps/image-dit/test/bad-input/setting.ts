import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInProcess } from "./run.js";

const model = fileURLToPath(new URL("../../../../fixtures/pixart-square", import.meta.url));
const wideModel = fileURLToPath(new URL("../../../../fixtures/pixart-wide", import.meta.url));

/** Small and quick: 256 visual tokens, two steps. */
const TINY = ["--width", "64", "--height", "64", "--steps", "2", "--threads", "1"];

/** What the rows share: a tiny model, a plan for it, prompts, and places for broken copies of them. */
export interface Setting {
  /** Of input files; nothing is written there by a command. */
  readonly folder: string;
  /** A model that works, with flags that make it quick. */
  readonly tiny: readonly string[];
  readonly model: string;
  /** A model of another latent size. */
  readonly wideModel: string;
  /** Of `model`, at density 0.9. */
  readonly plan: string;
  readonly prompts: string;
  /** Puts a file in a folder of its own there and returns its path. */
  file(name: string, data: string | Uint8Array): Promise<string>;
  /** `generate` with a copy of the model in which `break` has changed something. */
  generateWith(change: (folder: string) => Promise<unknown>): Promise<readonly string[]>;
  /** `generate` with a plan of these bytes. */
  generateWithPlan(change: (plan: Buffer) => Uint8Array): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

export async function createSetting(): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), "image-dit-bad-input-"));
  const tiny = ["--model", model, ...TINY];
  const prompts = join(folder, "prompts.txt");
  await writeFile(prompts, "a red circle\n\na blue star\n");
  const plan = join(folder, "plan.safetensors");
  let copies = 0;
  let files = 0;

  async function copyOfModel(): Promise<string> {
    const copy = join(folder, `model-${copies++}`);
    const filter = (source: string) => !basename(source).startsWith("golden.");
    await cp(model, copy, { recursive: true, filter });
    return copy;
  }

  const setting: Setting = {
    folder,
    tiny,
    model,
    wideModel,
    plan,
    prompts,
    async file(name, data) {
      const path = join(folder, `file-${files++}`, name);
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, data);
      return path;
    },
    async generateWith(change) {
      const copy = await copyOfModel();
      await change(copy);
      return ["generate", "x", "--model", copy, ...TINY];
    },
    async generateWithPlan(change) {
      const path = await setting.file("changed.safetensors", change(await readFile(plan)));
      return ["generate", "x", ...tiny, "--plan", path];
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
  const args = ["calibrate", ...tiny, "--density", "0.9", "--prompts", prompts, "--out", plan];
  const { code, stderr } = await runInProcess(args);
  if (code !== 0) throw new Error(`Expected a plan to be made but found: ${stderr}`);
  return setting;
}
