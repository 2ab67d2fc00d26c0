// node packages/sample-video/scripts/check-folder.mjs FOLDER
//
// Scores clips against their captions: FOLDER holds captions.txt, one caption a line, and for line i (from 0) a PNG
// named by that number, with any number of leading zeros ("007.png"): the clip's square frames, one below the other.
// Prints one JSON object: the number of clips, the share that is right in everything, the share right of every part
// (over the captions that mention it), and every wrong clip with what was found in it.
// Needs built packages (pnpm --filter "@paroattn/sample-*" build) and sharp, a development dependency.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { checkClipCaption } from "../dist/index.js";

async function readClip(path) {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width: side, height } = info;
  if (height % side !== 0) {
    throw new Error(`Expected square frames in ${path} but found ${side}x${height}`);
  }
  const bytes = side * side * 3;
  return Array.from({ length: height / side }, (_, frame) => ({
    width: side,
    height: side,
    data: new Uint8Array(data.subarray(frame * bytes, (frame + 1) * bytes)),
  }));
}

/** Pairs every caption with its clip; a clip that is missing is an error. */
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
    const result = checkClipCaption(await readClip(join(folder, file)), caption);
    for (const [part, verdict] of verdicts(result)) {
      shares[part] ??= { right: 0, of: 0 };
      shares[part].of += 1;
      shares[part].right += verdict ? 1 : 0;
    }
    if (!result.correct) {
      // A path is long and the motion that was found says what it shows.
      const found = result.found.map(({ path: _path, ...object }) => object);
      wrong.push({ file, caption, checks: result.checks, found });
    }
  }
  const accuracies = Object.entries(shares).map(([part, { right, of }]) => [part, right / of]);
  return { clips: pairs.length, ...Object.fromEntries(accuracies), wrong };
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
