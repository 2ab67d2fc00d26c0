import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkFfmpeg, FfmpegError, writeMp4 } from "../src/mp4.js";
import { fakeFfmpeg } from "./fake-ffmpeg.js";

const WIDTH = 256;
const HEIGHT = 128;
const FRAMES = 40;
const FRAME_BYTES = 3 * WIDTH * HEIGHT;

let folder: string;
let file: string;
/** Frames that were asked for. */
let asked: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "video-dit-mp4-"));
  file = join(folder, "clip.mp4");
  asked = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function* frames(count = FRAMES, size = { width: WIDTH, height: HEIGHT }) {
  for (let index = 0; index < count; index++) {
    asked++;
    const data = new Uint8Array(3 * size.width * size.height).fill(index);
    yield { ...size, data };
  }
}

const write = (signal = new AbortController().signal) =>
  writeMp4(file, { frames: frames(), fps: 8, signal });

describe("an MP4", () => {
  it("is what ffmpeg makes of the raw frames, in order", async () => {
    await using ffmpeg = await fakeFfmpeg("works");
    await write();
    expect(await readdir(folder)).toEqual(["clip.mp4"]);
    const bytes = await readFile(file);
    expect(bytes.length).toBe(FRAMES * FRAME_BYTES);
    for (let index = 0; index < FRAMES; index++) expect(bytes[index * FRAME_BYTES]).toBe(index);
    const args = (await readFile(join(ffmpeg.folder, "arguments"), "utf8")).split("\n");
    const after = (flag: string) => args[args.indexOf(flag) + 1];
    expect([after("-video_size"), after("-framerate")]).toEqual([`${WIDTH}x${HEIGHT}`, "8"]);
  });

  it("asks for frames no faster than ffmpeg takes them", async () => {
    await using ffmpeg = await fakeFfmpeg("waits");
    const written = write();
    while (!existsSync(join(ffmpeg.folder, "started"))) await wait(10);
    // Nothing is taken yet: some fill the pipe, and then no more are asked for.
    let before = -1;
    while (asked !== before) {
      before = asked;
      await wait(100);
    }
    expect(asked).toBeLessThan(FRAMES / 4);
    await writeFile(join(ffmpeg.folder, "go"), "");
    await written;
    expect(asked).toBe(FRAMES);
    expect((await stat(file)).size).toBe(FRAMES * FRAME_BYTES);
  });

  it.each([
    ["dies", /clip\.mp4 but it failed: Conversion failed!$/],
    ["isKilled", /it failed: ended by SIGKILL$/],
    ["failsAtTheEnd", /it failed: exit code 3$/],
    ["leavesEarly", /it failed: it ended before it had taken all frames$/],
  ] as const)("is not there at all where ffmpeg %s", async (behaviour, message) => {
    await using _ = await fakeFfmpeg(behaviour);
    await writeFile(file, "what was there before");
    const failure = await write().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FfmpegError);
    expect((failure as Error).message).toMatch(message);
    expect(await readdir(folder)).toEqual(["clip.mp4"]);
    expect(await readFile(file, "utf8")).toBe("what was there before");
  });

  it("is not there where it is stopped, and ffmpeg is not left behind", async () => {
    await using ffmpeg = await fakeFfmpeg("waits");
    const stop = new AbortController();
    const written = write(stop.signal);
    while (!existsSync(join(ffmpeg.folder, "started"))) await wait(10);
    stop.abort(new Error("enough"));
    await expect(written).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is refused before the work where there is no ffmpeg", async () => {
    await using _ = await fakeFfmpeg("none");
    await expect(checkFfmpeg("clip.mp4")).rejects.toThrow(
      "Expected ffmpeg on the PATH to write clip.mp4 but found none that starts; install it (apt-get install ffmpeg), or name a .webp or .gif file",
    );
    await expect(write()).rejects.toThrow(/ENOENT/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe.runIf(spawnSync("ffmpeg", ["-version"]).status === 0)("with the system's ffmpeg", () => {
  it.each([
    { width: 32, height: 24 },
    { width: 33, height: 17 },
  ])("a video of $width x $height has its size, its frames and their brightness", async (size) => {
    const { signal } = new AbortController();
    await writeMp4(file, { frames: frames(20, size), fps: 7.5, signal });
    const raw = execFileSync(
      "ffmpeg",
      ["-loglevel", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
      { maxBuffer: 1 << 24 },
    );
    const bytes = 3 * size.width * size.height;
    expect(raw.length).toBe(20 * bytes);
    for (let index = 0; index < 20; index++) {
      expect(Math.abs(raw[index * bytes]! - index)).toBeLessThanOrEqual(3);
    }
  });
});
