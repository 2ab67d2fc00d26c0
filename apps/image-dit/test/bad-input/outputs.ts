import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "./row.js";
import type { Setting } from "./setting.js";

const LONG_NAME = "n".repeat(300);

/** Commands that write a file, without its name. */
const WRITERS: readonly {
  readonly name: string;
  readonly extension: string;
  readonly args: (setting: Setting) => readonly string[];
}[] = [
  {
    name: "generate --out",
    extension: ".png",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--out"],
  },
  {
    name: "generate --profile",
    extension: ".json",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--profile"],
  },
  {
    name: "calibrate --out",
    extension: ".safetensors",
    args: ({ tiny, prompts }) => ["calibrate", ...tiny, "--prompts", prompts, "--out"],
  },
  {
    name: "inspect --out",
    extension: ".png",
    args: ({ tiny, plan }) => [
      ...["inspect", "x", ...tiny, "--plan", plan, "--layer", "0", "--head", "0", "--out"],
    ],
  },
];

const files: Row[] = WRITERS.flatMap(({ name, extension, args }): Row[] => [
  {
    name: `${name} in a folder that is missing`,
    args: (setting) => [...args(setting), `missing/x${extension}`],
    code: 1,
    says: [/cannot write .*missing/, /ENOENT/],
  },
  {
    name: `${name} with a folder's name`,
    args: async (setting) => {
      const folder = join(setting.folder, `taken${extension}`);
      await mkdir(folder, { recursive: true });
      return [...args(setting), folder];
    },
    code: 1,
    says: [/cannot write .*taken/, /a folder has this name/],
  },
  {
    name: `${name} under a file`,
    args: (setting) => [...args(setting), join(setting.prompts, `x${extension}`)],
    code: 1,
    says: [/cannot write .*prompts\.txt/, /ENOTDIR/],
  },
  {
    name: `${name} with a name too long`,
    args: (setting) => [...args(setting), LONG_NAME + extension],
    code: 1,
    says: [/cannot write/, /ENAMETOOLONG/],
  },
  {
    name: `${name} where nobody can write`,
    args: (setting) => [...args(setting), `/proc/x${extension}`],
    code: 1,
    says: [/cannot write \/proc\/x/, /ENOENT/],
  },
]);

/** Flags that name folders. */
const FOLDERS: readonly {
  readonly name: string;
  readonly args: (setting: Setting) => Promise<readonly string[]>;
}[] = [
  ...["--report", "--work"].map((flag) => ({
    name: `evaluate ${flag}`,
    args: async ({ tiny, plan, file }: Setting) => [
      ...["evaluate", ...tiny, "--plan", plan, "--prompts", await file("other.txt", "a cat\n")],
      flag,
    ],
  })),
  {
    name: "inspect --all --out",
    args: async ({ tiny, plan }) => ["inspect", "x", ...tiny, "--plan", plan, "--all", "--out"],
  },
];

const folders: Row[] = FOLDERS.flatMap(({ name, args }): Row[] => [
  {
    name: `${name} with a file's name`,
    args: async (setting) => [...(await args(setting)), setting.prompts],
    code: 1,
    says: [/cannot write .*prompts\.txt/, /EEXIST|ENOTDIR|a file has this name/],
  },
  {
    name: `${name} where nobody can write`,
    args: async (setting) => [...(await args(setting)), "/proc/x"],
    code: 1,
    says: [/cannot write \/proc\/x/, /ENOENT/],
  },
]);

const names: Row[] = [
  ...["x.tiff", "x", "", "x.png.bak"].map((out) => ({
    name: `generate --out '${out}'`,
    args: ({ tiny }: Setting) => ["generate", "x", ...tiny, "--out", out],
    code: 2 as const,
    says: [/end in \.png/, new RegExp(`found '${out}'`)],
  })),
  {
    name: "inspect of one head --out x.jpg",
    args: () => ["inspect", "--layer", "0", "--head", "0", "--out", "x.jpg"],
    code: 2,
    says: [/end in \.png/, /found 'x\.jpg'/],
  },
  {
    name: "inspect --all --out x.png",
    args: () => ["inspect", "--all", "--out", "x.png"],
    code: 2,
    says: [/name a folder/, /found 'x\.png'/],
  },
  {
    name: "a picture and a profile of one name",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--out", "x.png", "--profile", "./x.png"],
    code: 2,
    says: [/--profile/, /other than --out/, /x\.png/],
  },
  {
    name: "a folder with somebody's page",
    args: async ({ tiny, plan, file }) => {
      const page = await file("site/index.html", "<h1>mine</h1>");
      return ["inspect", "x", ...tiny, "--plan", plan, "--all", "--out", join(page, "..")];
    },
    code: 1,
    says: [/cannot write .*site/, /not of an inspection/],
  },
];

/** Places that cannot be written to, found out before the work. */
export const outputs: readonly Row[] = [...files, ...folders, ...names];
