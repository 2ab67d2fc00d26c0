import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus, homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/**
 * Which addons have been tried on this processor and worked: a file each under `$XDG_CACHE_HOME/paroattn/tried-addons`
 * (`~/.cache` by default), named by a hash of the addon, the libraries beside it, the processor and Node. Where nothing can be
 * written, nothing is remembered.
 */
export class ProbeMemory {
  readonly #marker: string | undefined;

  /** @param limit the target that `PAROATTN_CPU_TARGET` asks for, which decides what is tried */
  constructor(file: string, limit: string) {
    this.#marker = markerOf(file, limit);
  }

  get worked(): boolean {
    return this.#marker !== undefined && existsSync(this.#marker);
  }

  rememberThatItWorks(): void {
    if (this.#marker === undefined) return;
    try {
      makeFolder(dirname(this.#marker));
      writeFileSync(this.#marker, "");
    } catch {
      // Somebody without a home, or a file system that is read-only: it is tried again next time.
    }
  }
}

/** Node's own `recursive` never ends where a folder that is there takes none, such as /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function markerOf(file: string, limit: string): string | undefined {
  try {
    const hash = createHash("sha256").update(readFileSync(file));
    const folder = dirname(file);
    // The libraries are large; who replaces one changes its size or its time.
    for (const name of readdirSync(folder).sort()) {
      if (name === basename(file)) continue;
      const { size, mtimeMs } = statSync(join(folder, name));
      hash.update(`\n${name} ${size} ${mtimeMs}`);
    }
    hash.update(`\n${limit} ${cpus()[0]?.model} ${process.version} ${process.arch}`);
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
    return join(cache, "paroattn", "tried-addons", hash.digest("hex"));
  } catch {
    return undefined;
  }
}
