import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Linux: lets the peak begin at what is held now, and says how much that is. */
export function forgetPeak(): number | undefined {
  if (!existsSync("/proc/self/clear_refs")) return undefined;
  writeFileSync("/proc/self/clear_refs", "5");
  return residentBytes("VmRSS");
}

/** The peak since `forgetPeak`, above what was held at some time; null where that is not known. */
export function peakAbove(before: number | undefined): number | null {
  return before === undefined ? null : residentBytes("VmHWM") - before;
}

/** What the process holds now (VmRSS), or held at most (VmHWM). */
function residentBytes(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
}
