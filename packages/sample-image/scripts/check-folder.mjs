// node packages/sample-image/scripts/check-folder.mjs FOLDER
//
// Scores pictures against their captions: FOLDER holds captions.txt, one caption a line, and for line i
// (from 0) a picture named by that number in PNG, with any number of leading zeros ("007.png"). Prints one JSON object:
// the number of pictures, the share that is right in everything, the share right of every part
// (over the captions that mention it), and every wrong picture with what was found in it.
// Needs a built package (pnpm --filter @paroattn/sample-image build) and sharp, a development dependency.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { checkCaption } from "../dist/index.js";

async function readPicture(path) {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Pairs every caption with its picture; a picture that is missing is an error. */
async function readPairs(folder) {
  const text = await readFile(join(folder, "captions.txt"), "utf8");
  const captions = text.replace(/\n$/, "").split("\n");
  const files = new Map();
  for (const file of await readdir(folder)) {
    const number = /^(\d+)\.png$/.exec(file);
    if (number !== null) files.set(Number(number[1]), file);
  }
  return captions.map((caption, i) => {
    const file = files.get(i);
    if (file === undefined) {
      throw new Error(
        `Expected ${i}.png for line ${i + 1} of captions.txt but found none in ${folder}`,
      );
    }
    return { caption, file };
  });
}

/** Part name and verdict of everything that a caption mentions. */
function verdicts({ correct, checks }) {
  const { objects, ...whole } = checks;
  const all = [["correct", correct], ...Object.entries(whole), ...objects.flatMap(Object.entries)];
  return all.filter(([, verdict]) => verdict !== undefined);
}

async function score(folder) {
  const shares = {};
  const wrong = [];
  const pairs = await readPairs(folder);
  for (const { caption, file } of pairs) {
    const result = checkCaption(await readPicture(join(folder, file)), caption);
    for (const [part, verdict] of verdicts(result)) {
      shares[part] ??= { right: 0, of: 0 };
      shares[part].of += 1;
      shares[part].right += verdict ? 1 : 0;
    }
    if (!result.correct) wrong.push({ file, caption, checks: result.checks, found: result.found });
  }
  const accuracies = Object.entries(shares).map(([part, { right, of }]) => [part, right / of]);
  return { pictures: pairs.length, ...Object.fromEntries(accuracies), wrong };
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("Expected a folder: check-folder.mjs FOLDER\n");
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(`${JSON.stringify(await score(folder))}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
