import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { repositoryFolder } from "../folders.js";

/** Where a result was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Of the processor, as Linux names them: those that matter for the kernels. Empty where it cannot be asked. */
  readonly instructionSets: readonly string[];
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** What the backend says of itself. */
  readonly backend: string;
}

const MATTERS = /^(fma|avx2|avx512.*|avx_vnni.*|amx_.*|asimd.*|sve.*|bf16|i8mm)$/;

export function thisMachine(threads: number): Machine {
  const backend = createCpuBackend({ threads });
  const { description } = backend;
  backend.dispose();
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    instructionSets: instructionSets(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    backend: description,
  };
}

function instructionSets(): string[] {
  try {
    const [, flags = ""] =
      /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
    return flags.split(" ").filter((flag) => MATTERS.test(flag));
  } catch {
    return [];
  }
}

export interface Commit {
  readonly commit: string;
  /** Whether files differ from it. */
  readonly changed: boolean;
}

/** What was measured: the checked-out commit. */
export function thisCommit(): Commit {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: repositoryFolder, encoding: "utf8" }).trim();
  return {
    commit: git("rev-parse", "HEAD"),
    changed: git("status", "--porcelain", "--untracked-files=no") !== "",
  };
}
