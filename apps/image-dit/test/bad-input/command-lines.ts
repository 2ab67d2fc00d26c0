import { readFile } from "node:fs/promises";
import type { Row } from "./row.js";

/** Numbers that a flag does not take. */
const NUMBERS: readonly {
  readonly flag: string;
  readonly values: readonly string[];
  readonly expected: RegExp;
}[] = [
  {
    flag: "--steps",
    values: ["0", "-1", "1.5", "1001"],
    expected: /whole number from 1 to 1000/,
  },
  { flag: "--steps", values: ["many", "", " 5", "0x10"], expected: /a number/ },
  { flag: "--seed", values: ["-1", "0.5", "4294967296"], expected: /whole number from 0 to/ },
  { flag: "--seed", values: ["", "NaN"], expected: /a number/ },
  { flag: "--width", values: ["0", "-64", "65537", "64.5"], expected: /whole number from 1 to/ },
  { flag: "--height", values: ["0", "1e9"], expected: /whole number from 1 to 65536/ },
  { flag: "--height", values: ["tall"], expected: /a number/ },
  { flag: "--count", values: ["0", "-2", "10001", "1.5"], expected: /whole number from 1 to/ },
  { flag: "--threads", values: ["0", "-1", "1025", "2.5"], expected: /whole number from 1 to/ },
  { flag: "--guidance", values: ["0.5", "-3", "0"], expected: /guidance of at least 1/ },
  { flag: "--guidance", values: ["1e999"], expected: /finite number/ },
  { flag: "--guidance", values: ["strong"], expected: /a number/ },
  { flag: "--density", values: ["0", "-0.1", "1.5", "1e-400"], expected: /\(0, 1\]/ },
  { flag: "--density", values: ["half", "30%", "0,3"], expected: /a number/ },
  { flag: "--precision", values: ["int9", "", "int8:none"], expected: /fp32, int8/ },
];

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const numbers: Row[] = NUMBERS.flatMap(({ flag, values, expected }) =>
  values.map((value) => ({
    name: `${flag} '${value}'`,
    args: () => ["generate", "x", flag, value],
    code: 2 as const,
    says: [new RegExp(flag), expected, new RegExp(`found '${escaped(value)}'`)],
  })),
);

const shapes: Row[] = [
  { name: "an unknown command", args: () => ["paint", "x"], code: 2, says: [/command 'paint'/] },
  { name: "a misspelt command", args: () => ["generat", "x"], code: 2, says: [/'generat'/] },
  { name: "an unknown flag before the command", args: () => ["--no"], code: 2, says: [/--no/] },
  ...["generate", "calibrate", "evaluate", "inspect"].map((command) => ({
    name: `an unknown flag of ${command}`,
    args: () => [command, "--nope", "--out", "x"],
    code: 2 as const,
    says: [/unknown option '--nope'/],
  })),
  { name: "no prompt", args: () => ["generate"], code: 2, says: [/argument 'prompt'/] },
  {
    name: "a prompt without its quotes",
    args: () => ["generate", "a", "red", "circle"],
    code: 2,
    says: [/Expected 1 argument but got 3/],
  },
  ...["--seed", "--model", "--plan", "--out", "--density"].map((flag) => ({
    name: `${flag} without its value`,
    args: () => ["generate", "x", flag],
    code: 2 as const,
    says: [new RegExp(`'${flag} .*argument missing`)],
  })),
  {
    name: "an unknown strategy",
    args: () => ["generate", "x", "--attention", "sparse"],
    code: 2,
    says: [/--attention/, /dense, paro/, /'sparse'/],
  },
  ...["calibrate", "inspect"].map((command) => ({
    name: `${command} without --out`,
    args: () => [command],
    code: 2 as const,
    says: [/--out/, /not specified/],
  })),
  ...["-0.1", "1.1", "all"].map((alpha) => ({
    name: `--alpha ${alpha}`,
    args: () => ["calibrate", "--alpha", alpha, "--out", "p.safetensors"],
    code: 2 as const,
    says: [/--alpha/, /Expected/, new RegExp(`found '${escaped(alpha)}'`)],
  })),
  ...["-1", "1.5", "10000", "first"].map((index) => ({
    name: `--layer ${index}`,
    args: () => ["inspect", "--layer", index, "--head", "0", "--out", "h.png"],
    code: 2 as const,
    says: [/--layer/, /Expected/, new RegExp(`found '${escaped(index)}'`)],
  })),
];

const lists: Row[] = (
  [
    ["--attention", "dense,sparse", /dense, paro, paro-native/],
    ["--attention", "", /dense, paro, paro-native/],
    ["--density", "0.5,,0.3", /a number/],
    ["--density", "0.5,2", /\(0, 1\]/],
    ["--precision", "fp32,int9", /fp32, int8/],
    ["--seeds", "1,-1", /whole number/],
    ["--seeds", "1;2", /a number/],
    ["--plan", "a.safetensors,", /empty name/],
  ] as const
).map(([flag, list, expected]) => ({
  name: `evaluate ${flag} ${list}`,
  args: () => ["evaluate", flag, list],
  code: 2,
  says: [new RegExp(flag), expected, /found/],
}));

const contradictions: Row[] = [
  {
    name: "a series that runs out of seeds",
    args: () => ["generate", "x", "--seed", "4294967294", "--count", "3"],
    code: 2,
    says: [/last of 3 seeds up to 4294967295/, /found 4294967296/],
  },
  {
    name: "a plan with another density",
    args: ({ tiny, plan }) => ["generate", "x", ...tiny, "--plan", plan, "--density", "0.3"],
    code: 2,
    says: [/--density 0\.9/, /found 0\.3/, /plan\.safetensors/],
  },
  {
    name: "a plan with dense attention",
    args: ({ tiny, plan }) => ["generate", "x", ...tiny, "--plan", plan, "--attention", "dense"],
    code: 2,
    says: [/no --plan with --attention dense/],
  },
  {
    name: "a density with dense attention",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--density", "0.3", "--attention", "dense"],
    code: 2,
    says: [/no --density with --attention dense/],
  },
  {
    name: "PARO without a plan for a model that ships none",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--attention", "paro"],
    code: 2,
    says: [/Expected --plan FILE for .*pixart-square/, /calibrate/],
  },
  {
    name: "a density without a plan for a model that ships none",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--density", "0.4"],
    code: 2,
    says: [/Expected --plan FILE for .*pixart-square/, /--density 0\.4/],
  },
  {
    name: "calibrate without prompts for a model of one's own",
    args: ({ tiny }) => ["calibrate", ...tiny, "--out", "p.safetensors"],
    code: 2,
    says: [/--prompts FILE/, /pixart-square/],
  },
  {
    name: "evaluate without a plan for a model of one's own",
    args: ({ tiny, prompts }) => ["evaluate", ...tiny, "--prompts", prompts],
    code: 2,
    says: [/--plan LIST/, /pixart-square/],
  },
  {
    name: "evaluate without prompts for a model of one's own",
    args: ({ tiny, plan }) => ["evaluate", ...tiny, "--plan", plan],
    code: 2,
    says: [/--prompts FILE/, /pixart-square/],
  },
  {
    name: "evaluate with prompts that were calibrated on",
    args: ({ tiny, plan, prompts }) => ["evaluate", ...tiny, "--plan", plan, "--prompts", prompts],
    code: 2,
    says: [/plan\.safetensors/, /not calibrated on/, /a red circle/],
  },
  {
    name: "evaluate with two plans for the same",
    args: async ({ tiny, plan, file }) => [
      ...[
        "evaluate",
        ...tiny,
        "--plan",
        `${plan},${await file("same.safetensors", await readFile(plan))}`,
      ],
      ...["--prompts", await file("other.txt", "a cat\n")],
    ],
    code: 2,
    says: [/one plan for paro at density 0\.9/, /found .*plan\.safetensors/],
  },
  {
    name: "evaluate with a folder without plans",
    args: async ({ tiny, model, file }) => [
      ...["evaluate", ...tiny, "--plan", `${model}/tokenizer`],
      ...["--prompts", await file("other.txt", "a cat\n")],
    ],
    code: 2,
    says: [/plans \(\*\.safetensors\)/, /tokenizer/, /found none/],
  },
  {
    name: "evaluate at a density that no plan has",
    args: async ({ tiny, plan, file }) => [
      ...["evaluate", ...tiny, "--plan", plan, "--density", "0.5"],
      ...["--prompts", await file("other.txt", "a cat\n")],
    ],
    code: 2,
    says: [/density 0\.5/, /found paro at density 0\.9/],
  },
  {
    name: "inspect without layer and head",
    args: () => ["inspect", "--out", "h.png"],
    code: 2,
    says: [/--layer L and --head H/, /no --layer and --head/],
  },
  {
    name: "inspect of a layer without a head",
    args: () => ["inspect", "--layer", "0", "--out", "h.png"],
    code: 2,
    says: [/--head H/, /found no --head/],
  },
  {
    name: "inspect of one layer of all",
    args: () => ["inspect", "--all", "--layer", "0", "--out", "heads"],
    code: 2,
    says: [/no --layer with --all/],
  },
  {
    name: "inspect of a step after the last one",
    args: () => [
      ...["inspect", "--layer", "0", "--head", "0", "--step", "5", "--steps", "5"],
      ...["--out", "h.png"],
    ],
    code: 2,
    says: [/--step from 0 to 4/, /found 5/],
  },
  {
    name: "inspect of a layer that the plan does not have",
    args: ({ tiny, plan }) => [
      ...["inspect", "x", ...tiny, "--plan", plan, "--layer", "2", "--head", "0"],
      ...["--out", "h.png"],
    ],
    code: 2,
    says: [/--layer from 0 to 1/, /found 2/],
  },
  {
    name: "inspect of a model of one's own without a prompt",
    args: ({ tiny, plan }) => [
      ...["inspect", ...tiny, "--plan", plan, "--layer", "0", "--head", "0", "--out", "h.png"],
    ],
    code: 2,
    says: [/prompt/, /pixart-square/, /found none/],
  },
  ...[
    ["--width", "66"],
    ["--height", "2"],
  ].map(([flag, size]) => ({
    name: `a ${flag} that the model cannot draw`,
    args: ({ tiny }: { readonly tiny: readonly string[] }) => [
      ...["generate", "x", ...tiny, flag!, size!],
    ],
    code: 1 as const,
    says: [new RegExp(flag!.slice(2)), /multiple of 4/, new RegExp(`found ${size}`)],
  })),
];

/** Flags that are wrong by themselves or together. */
export const commandLines: readonly Row[] = [...shapes, ...numbers, ...lists, ...contradictions];
