import type { Options } from "tsup";

/** The one way a package of this workspace is built: ESM with declarations, from `src/index.ts`. */
export function packageOptions(options: Options = {}): Options {
  return {
    entry: ["src/index.ts"],
    format: ["esm"],
    target: "es2022",
    dts: true,
    sourcemap: true,
    clean: true,
    ...options,
  };
}
