import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { vi } from "vitest";

/** What a stand-in does when it is to encode: `$out` is the file that it is asked for. */
export const behaviours = {
  /** Keeps the raw frames. */
  works: 'cat > "$out"',
  /** Takes nothing until a file `go` is in its folder. */
  waits: 'touch "$here/started"; while [ ! -e "$here/go" ]; do sleep 0.02; done; cat > "$out"',
  dies: 'head -c 100000 > "$out"; echo "first words" >&2; echo "Conversion failed!" >&2; exit 1',
  isKilled: 'head -c 100000 > "$out"; kill -9 $$',
  failsAtTheEnd: 'cat > "$out"; exit 3',
  leavesEarly: 'head -c 100000 > "$out"',
} as const;

/** Puts a stand-in for ffmpeg before everything else on the PATH; `none` leaves nothing there. */
export async function fakeFfmpeg(behaviour: keyof typeof behaviours | "none") {
  const folder = await mkdtemp(join(tmpdir(), "video-dit-ffmpeg-"));
  const { PATH = "" } = process.env;
  if (behaviour !== "none") {
    const script = [
      "#!/bin/sh",
      'if [ "$1" = "-version" ]; then exit 0; fi',
      `here='${folder}'`,
      'for last; do :; done; out=$(echo "$last" | cut -c 6-)',
      'printf "%s\\n" "$@" > "$here/arguments"',
      behaviours[behaviour],
      "",
    ].join("\n");
    await writeFile(join(folder, "ffmpeg"), script, { mode: 0o755 });
  }
  vi.stubEnv("PATH", behaviour === "none" ? folder : `${folder}${delimiter}${PATH}`);
  return {
    folder,
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
