import type { Row } from "./row.js";
import type { Setting } from "./setting.js";

const calibrateWith = ({ tiny }: Setting, prompts: string) => [
  ...["calibrate", ...tiny, "--prompts", prompts, "--density", "0.9", "--out", "p.safetensors"],
];

/** Prompt files that hold no prompts, or no text. */
const refused: Row[] = (
  [
    ["that is empty", "", [/at least one prompt/, /found none/]],
    ["of blank lines", "\n  \n\t\r\n", [/at least one prompt/, /found none/]],
    ["of a byte order mark alone", "\uFEFF\n", [/at least one prompt/, /found none/]],
    ["in Latin-1", Buffer.from("a caf\xe9\n", "latin1"), [/UTF-8/, /bytes that are none/]],
    ["in UTF-16", Buffer.from("\uFEFFa cat\n", "utf16le"), [/UTF-8/, /found/]],
    ["in UTF-16 without a mark", Buffer.from("a cat\n", "utf16le"), [/text/, /NUL/]],
    ["that is a picture", Buffer.from("89504e470d0a1a0a0000000d", "hex"), [/UTF-8/, /found/]],
    ["cut in a character", Buffer.from("a caf\u00e9").subarray(0, 6), [/UTF-8/, /found/]],
  ] as const
).map(([name, data, says]) => ({
  name: `a prompt file ${name}`,
  args: async (setting) => calibrateWith(setting, await setting.file("bad-prompts.txt", data)),
  code: 2,
  says: [/bad-prompts\.txt/, ...says],
}));

const places: Row[] = [
  {
    name: "a prompt file that is missing",
    args: (setting) => calibrateWith(setting, "none.txt"),
    code: 2,
    says: [/none\.txt/, /ENOENT/],
  },
  {
    name: "a prompt file that is a folder",
    args: (setting) => calibrateWith(setting, setting.folder),
    code: 2,
    says: [/image-dit-bad-input/, /EISDIR/],
  },
  {
    name: "a prompt file under a file",
    args: (setting) => calibrateWith(setting, `${setting.prompts}/x`),
    code: 2,
    says: [/prompts\.txt\/x/, /ENOTDIR/],
  },
  {
    name: "a prompt file with no name",
    args: (setting) => calibrateWith(setting, ""),
    code: 2,
    says: [/text file of prompts/, /ENOENT/],
  },
];

const taken: Row[] = [
  {
    name: "lines ended as on Windows, with a byte order mark",
    args: async (setting) =>
      calibrateWith(
        setting,
        await setting.file("crlf.txt", "\uFEFFa red circle\r\n\r\na star\r\n"),
      ),
    code: 0,
    says: [],
  },
  {
    name: "an empty prompt",
    args: ({ tiny }) => ["generate", "", ...tiny],
    code: 0,
    says: [],
  },
  {
    name: "a prompt beyond what the model reads",
    args: ({ tiny }) => ["generate", "word ".repeat(20_000), ...tiny],
    code: 0,
    says: [/prompt/i, /120/],
  },
  {
    name: "a prompt of half a character and control characters",
    args: ({ tiny }) => ["generate", "a \ud800 \u0007 \u001b[2J star", ...tiny],
    code: 0,
    says: [],
  },
];

/** Prompts and the files they come in. */
export const prompts: readonly Row[] = [...refused, ...places, ...taken];
