import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchFolder } from "../folders.js";
import { LineProcess } from "./line-process.js";
import { bytesOf, EPSILON, flopsOf, inputShapes } from "./operation.js";
import type { Peer } from "./peer.js";

export const TORCH = "torch";

/**
 * torch in a child process, which answers a turn at a time. It times itself, so that the way there and back does not count.
 * Throws where this Python has no torch.
 */
export async function torchPeer(options: {
  readonly python: string;
  readonly threads: number;
}): Promise<Peer> {
  const script = join(benchFolder, "python/torch_worker.py");
  const worker = new LineProcess(options.python, [script, String(options.threads)]);
  const { version } = JSON.parse(await worker.next()) as { version: string };
  const folder = await mkdtemp(join(tmpdir(), "paroattn-bench-"));
  const ask = async (request: object) =>
    JSON.parse(await worker.ask(JSON.stringify(request))) as { readonly ms: number };
  return {
    name: TORCH,
    version,
    async open(operation, inputs) {
      const files: Record<string, object> = {};
      for (const [name, shape] of Object.entries(inputShapes(operation))) {
        const path = join(folder, name);
        await writeFile(path, inputs[name]!);
        files[name] = { path, shape };
      }
      await ask({ open: { ...operation, epsilon: EPSILON }, inputs: files });
      return {
        contender: {
          run: async () => ({ [TORCH]: (await ask({ run: true })).ms }),
          rows: { [TORCH]: { flops: flopsOf(operation), bytes: bytesOf(operation) } },
          async output() {
            const path = join(folder, "output");
            await rm(path, { force: true });
            await ask({ output: path });
            return new Float32Array(new Uint8Array(await readFile(path)).buffer);
          },
        },
        close: async () => void (await ask({ close: true })),
      };
    },
    async close() {
      await worker.close();
      await rm(folder, { recursive: true });
    },
  };
}
