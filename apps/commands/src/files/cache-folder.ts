import { homedir } from "node:os";
import { join } from "node:path";

/** Where plans made on the way and results of evaluations are kept: `$XDG_CACHE_HOME/paroattn` or `~/.cache/paroattn`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "paroattn");
}
