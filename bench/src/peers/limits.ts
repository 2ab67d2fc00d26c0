import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryFolder } from "../folders.js";
import type { CaseContender } from "../measure/case.js";
import { LineProcess } from "./line-process.js";

/** Names of the rows of what the machine can do at most. */
export const FMA_CEILING = "FMA ceiling";
export const COPY = "copy";
export const ONEDNN = "oneDNN matmul, packed";

const folder = join(repositoryFolder, "packages/kernels-cpu");

/** Builds the program behind `MachineLimits`; quick when nothing changed. */
export function buildMachineLimits(): void {
  const args = ["scripts/build-native.mjs", "--target", "machine_limits"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`machine_limits does not build:\n${stderr}`);
}

/** What the machine can do at most, in a child process that answers a turn at a time and times itself. */
export class MachineLimits {
  readonly #process: LineProcess;

  /** On the instruction sets that the backend uses. */
  constructor(threads: number) {
    const target = process.env.PAROATTN_CPU_TARGET;
    this.#process = new LineProcess(join(folder, "build/test/limits/machine_limits"), [
      String(threads),
      ...(target ? [target] : []),
    ]);
  }

  /** Independent multiply-adds on registers. */
  fma(): Promise<CaseContender> {
    return this.#contender(FMA_CEILING, "fma", "flops");
  }

  /** memcpy of so many bytes, to as many others. */
  copy(bytes: number): Promise<CaseContender> {
    return this.#contender(COPY, `copy ${bytes}`, "bytes");
  }

  /** oneDNN's matmul in the layouts that it likes best, the weight packed beforehand. */
  matmul(rows: number, inputs: number, outputs: number): Promise<CaseContender> {
    return this.#contender(ONEDNN, `matmul ${rows} ${inputs} ${outputs}`, "flops");
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  async #contender(name: string, request: string, unit: "flops" | "bytes"): Promise<CaseContender> {
    const ask = async () => {
      const [ms, amount] = (await this.#process.ask(request)).split(" ").map(Number);
      return { ms: ms!, amount: amount! };
    };
    const { amount } = await ask();
    // A copy reads what it writes.
    const work = unit === "flops" ? { flops: amount } : { bytes: 2 * amount };
    return { run: async () => ({ [name]: (await ask()).ms }), rows: { [name]: work } };
  }
}
