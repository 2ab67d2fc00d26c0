import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Drawing } from "@paroattn/commands";

type Frame = Drawing[number];

/** The brand that this project's errors carry: their message is written for people. */
const forPeople: unique symbol = Symbol.for("paroattn.error");

/** The ffmpeg that is not there, or failed. */
export class FfmpegError extends Error {
  override readonly name = "FfmpegError";
  readonly [forPeople] = true;
}

/** How a run of ffmpeg ended. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line that it wrote on standard error. */
  readonly lastWords: string;
}

/**
 * Looks whether there is an ffmpeg that runs.
 *
 * @throws FfmpegError saying what else can be done.
 */
export async function checkFfmpeg(file: string): Promise<void> {
  const ending = await runFfmpeg(["-version"], {}).catch((error: Error) => error);
  if (!(ending instanceof Error) && ending.code === 0) return;
  const found = ending instanceof Error ? "none that starts" : `one that fails (${reason(ending)})`;
  throw new FfmpegError(
    `Expected ffmpeg on the PATH to write ${file} but found ${found}; install it (apt-get install ffmpeg), or name a .webp or .gif file`,
  );
}

/**
 * Writes an MP4 through ffmpeg, whole or not at all: the frames' bytes go into its standard input, no faster than it takes
 * them.
 *
 * @throws FfmpegError where ffmpeg fails; the signal's reason.
 */
export async function writeMp4(
  file: string,
  options: {
    /** At least one, all of one size. Asked for one at a time. */
    readonly frames: Iterable<Frame>;
    /** Frames a second. */
    readonly fps: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { fps, signal } = options;
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  // A second Ctrl-C does not wait for anything.
  const removeAtExit = () => rmSync(temporary, { force: true });
  process.once("exit", removeAtExit);
  try {
    const frames = options.frames[Symbol.iterator]();
    const first: Frame = frames.next().value;
    const ending = await runFfmpeg(encoding(first, { fps, file: temporary }), {
      input: bytesOf(first, frames),
      signal,
    });
    if (ending.code !== 0) {
      throw new FfmpegError(`Expected ffmpeg to write ${file} but it failed: ${reason(ending)}`);
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    process.off("exit", removeAtExit);
  }
}

function* bytesOf(first: Frame, others: Iterator<Frame>): Generator<Uint8Array> {
  yield first.data;
  for (let next = others.next(); !next.done; next = others.next()) yield next.value.data;
}

/** Raw RGB from standard input to an MP4 that starts to play before all of it is there. */
function encoding(
  { width, height }: Frame,
  { fps, file }: { readonly fps: number; readonly file: string },
): string[] {
  // Players want one chroma sample for 2x2 pixels, which odd sizes do not have.
  const isEven = width % 2 === 0 && height % 2 === 0;
  return [
    ...["-hide_banner", "-loglevel", "error"],
    ...["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", `${width}x${height}`],
    ...["-framerate", String(fps), "-i", "pipe:0"],
    ...["-pix_fmt", isEven ? "yuv420p" : "yuv444p", "-movflags", "+faststart"],
    ...["-f", "mp4", "-y", `file:${file}`],
  ];
}

/** Runs ffmpeg to its end. Rejects where it does not start, with the signal's reason where it is stopped. */
async function runFfmpeg(
  args: readonly string[],
  options: { readonly input?: Iterable<Uint8Array>; readonly signal?: AbortSignal },
): Promise<Ending> {
  const { input = [], signal } = options;
  signal?.throwIfAborted();
  const child = spawn("ffmpeg", args, { stdio: ["pipe", "ignore", "pipe"] });
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop);
  try {
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-10_000);
    });
    const ended = new Promise<Ending>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, killedBy) => {
        const lastWords = words.trim().split("\n").at(-1)!.trim();
        resolve({ code, signal: killedBy, lastWords });
      });
    });
    // One that dies closes its input; what it says of that is told by how it ended.
    const fed = pipeline(Readable.from(input), child.stdin).then(
      () => true,
      () => false,
    );
    const ending = await ended;
    signal?.throwIfAborted();
    if (ending.code !== 0 || (await fed)) return ending;
    return { ...ending, code: null, lastWords: "it ended before it had taken all frames" };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function reason({ code, signal, lastWords }: Ending): string {
  if (lastWords !== "") return lastWords;
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}
