import { once } from "node:events";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { describe, expect, it } from "vitest";
import { gatherIndices, restoreOrder, videoLayout } from "../src/index.js";

const root = new URL("..", import.meta.url).pathname;

/** Bundles a piece of code that imports the package, and resolves to the code and what it still imports. */
async function bundle(contents: string, options: BuildOptions) {
  const result = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    target: "es2022",
    logLevel: "silent",
    ...options,
  });
  const imports = Object.values(result.metafile?.outputs ?? {}).flatMap((output) => output.imports);
  return { code: result.outputFiles?.[0]?.text ?? "", imports: imports.map(({ path }) => path) };
}

describe("the package", () => {
  it("is one file of at most 5 kB for a browser, and imports nothing", async () => {
    // A module of Node would not be found for a browser, and the build would fail.
    const { code, imports } = await bundle(`export * from "./src/index.ts";`, {
      platform: "browser",
      format: "esm",
    });
    expect(imports).toEqual([]);
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(5000);
  });

  it("needs nothing but the language: no process, Buffer or window", async () => {
    const { code } = await bundle(
      `import { applyOrder, blockScores, gatherIndices, imageLayout, ReorderError } from "./src/index.ts";
       const layout = imageLayout({ height: 2, width: 3 });
       const indices = gatherIndices(layout, "WH");
       let message = "";
       try { gatherIndices(layout, "FHW"); } catch (error) { message = ReorderError.isInstance(error) ? error.message : "other"; }
       globalThis.result = JSON.stringify({
         reordered: [...applyOrder({ data: Float32Array.of(0, 1, 2, 3, 4, 5), indices })],
         score: blockScores({ map: new Float32Array(36).fill(1 / 6), layout, order: "WH" }),
         message,
       });`,
      { platform: "browser", format: "iife" },
    );
    const realm: { result?: string } = {};
    runInNewContext(code, realm);
    expect(JSON.parse(realm.result ?? "")).toEqual({
      reordered: [0, 3, 1, 4, 2, 5],
      score: { sparse: 0, quant: 1 },
      message: 'Expected one of the orders HW, WH of the layout 2x3 but found "FHW"',
    });
  });

  it("runs in a worker, into memory that threads share", async () => {
    const { code } = await bundle(
      `import { parentPort, workerData } from "node:worker_threads";
       import { applyOrder, gatherIndices } from "./src/index.ts";
       const { layout, order, data, out, rowLength } = workerData;
       const indices = gatherIndices(layout, order);
       applyOrder({ data, indices, rowLength, out });
       parentPort.postMessage(indices, [indices.buffer]);`,
      { platform: "node", format: "cjs" },
    );
    const layout = videoLayout({ frames: 3, height: 4, width: 5, textTokens: 2 });
    const rowLength = 8;
    const data = Float32Array.from({ length: 62 * rowLength }, (_, i) => i);
    const out = new Float32Array(new SharedArrayBuffer(data.byteLength));
    const workerData = { layout, order: "WHF", data, out, rowLength };
    const worker = new Worker(code, { eval: true, workerData });
    const [indices] = (await once(worker, "message")) as [Uint32Array];
    await worker.terminate();
    expect(indices).toEqual(gatherIndices(layout, "WHF"));
    expect(out).not.toEqual(data);
    expect([...restoreOrder({ data: out, indices, rowLength })]).toEqual([...data]);
  });
});
