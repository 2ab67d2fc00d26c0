import { spawn } from "node:child_process";
import { vi } from "vitest";
import type { App } from "../src/app.js";
import { runApp } from "../src/run-app.js";

/** How a command line ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an app's sources in this process, in its working directory. */
export async function runInProcess(app: App, args: readonly string[]): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      text[name] += chunk;
      return true;
    }),
  );
  const before = process.exitCode;
  // A command listens for as long as its process lives.
  const listeners = process.stdout.listeners("error");
  process.exitCode = undefined;
  try {
    await runApp(app, args);
    return { code: Number(process.exitCode ?? 0), ...text };
  } finally {
    process.exitCode = before;
    for (const listener of process.stdout.listeners("error")) {
      if (!listeners.includes(listener)) process.stdout.off("error", listener as () => void);
    }
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a built app in a process of its own. */
export function runInChild(cli: string, args: readonly string[], folder: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        text[name] += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...text }));
  });
}
