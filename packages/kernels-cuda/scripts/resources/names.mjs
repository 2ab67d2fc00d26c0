// Kernel names that people read.
import { spawnSync } from "node:child_process";

/**
 * Demangled names without return type, parameters and our namespace: "attention_kernel<64, true>".
 * Where c++filt is missing the mangled names stay.
 *
 * @param {readonly string[]} symbols
 * @returns {Map<string, string>}
 */
export function readableNames(symbols) {
  const unique = [...new Set(symbols)];
  const names = new Map(unique.map((symbol) => [symbol, symbol]));
  if (unique.length === 0) return names;
  const { status, stdout } = spawnSync("c++filt", {
    input: `${unique.join("\n")}\n`,
    encoding: "utf8",
  });
  if (status !== 0) return names;
  const lines = stdout.split("\n");
  for (const [at, symbol] of unique.entries()) names.set(symbol, shortName(lines[at] ?? symbol));
  return names;
}

/** @param {string} demangled such as "void paroattn::cuda::scale<float, 64>(float const*, float*, float)" */
export function shortName(demangled) {
  const bare = demangled
    // nvcc gives an anonymous namespace a name that changes with the file.
    .replace(/(\(anonymous namespace\)|_GLOBAL__N__\w+)::/g, "")
    .replaceAll("paroattn::cuda::", "")
    .replaceAll("> >", ">>")
    .replace(/\((?:bool|int|unsigned int|paroattn::\w+|\w+)\)(?=-?\d)/g, "");
  // The parameter list begins at the first parenthesis outside of template arguments.
  let depth = 0;
  let end = bare.length;
  for (let at = 0; at < bare.length; at++) {
    const character = bare[at];
    if (character === "<") depth++;
    if (character === ">") depth--;
    if (character === "(" && depth === 0) {
      end = at;
      break;
    }
  }
  return bare.slice(0, end).replace(/^void /, "");
}
