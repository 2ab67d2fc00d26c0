// The README examples as a stranger's TypeScript: strict, with the declarations that came with the packages and no others.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import ts from "typescript";
import { root } from "../setup/steps.mjs";

/** What `tsc --init` would be asked for in a Node project that uses what the examples use. */
const options = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts"],
  types: ["node"],
  skipLibCheck: false,
  noEmit: true,
};

/**
 * What the compiler says about the examples in these projects.
 *
 * @param {readonly { name: string, project: import("./project.mjs").Project }[]} walked
 * @returns {Promise<string[]>}
 */
export async function typeProblems(walked) {
  const files = [];
  for (const { name, project } of walked) {
    for (const file of await readdir(project.folder)) {
      if (/^example-\d+\.ts$/.test(file)) files.push({ name, path: join(project.folder, file) });
    }
  }
  // Node's own declarations are the one thing that these projects share.
  const program = ts.createProgram(
    files.map(({ path }) => path),
    { ...options, typeRoots: [join(root, "node_modules/@types")] },
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    if (file === undefined) return text;
    const name = files.find(({ path }) => path === file.fileName)?.name ?? file.fileName;
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
    return `${name}: ${basename(file.fileName)}:${line + 1}: ${text}`;
  });
}
