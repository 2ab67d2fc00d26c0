import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Span } from "@paroattn/pipelines";
import { describe, expect, it, vi } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { generate } from "../src/generate/generate.js";
import { chromeTrace, type TraceEvent } from "../src/profile/chrome-trace.js";
import { peakMemory } from "../src/profile/memory.js";
import { type Profile, startProfile } from "../src/profile/recorder.js";
import { formatProfile } from "../src/profile/table.js";

const operators = {
  linear: { calls: 3, milliseconds: 300 },
  "attention/self": { calls: 2, milliseconds: 500 },
  add: { calls: 7, milliseconds: 0.1 },
  combine: { calls: 4, milliseconds: 0.2 },
};

/** A run of ten seconds that began a second after the process. */
const profile: Profile = {
  start: 1000,
  end: 11_000,
  spans: [
    { name: "load", start: 1000, end: 1500 },
    { name: "load text_encoder", start: 1600, end: 4000, bytes: 5e9 },
    { name: "prompt", start: 4000, end: 5000, operators: { linear: operators.linear } },
    { name: "text", start: 1500, end: 5000 },
    { name: "step", start: 5000, end: 7000, operators },
    { name: "step", start: 7000, end: 9000, operators },
    // As long as its only part.
    { name: "denoise", start: 5000, end: 9000 },
    { name: "write", start: 9000, end: 10_500 },
  ],
  memory: [
    { time: 1000, resident: 1e8, highest: 1e8 },
    { time: 4000, resident: 5e9, highest: 6e9 },
    { time: 5000, resident: 1e9, highest: 6e9 },
    { time: 8000, resident: 2e9, highest: 6e9 },
    { time: 10_500, resident: 18e8, highest: 6e9 },
    { time: 11_000, resident: 15e8, highest: 6e9 },
  ],
};

/** Of sums of microseconds. */
const ROUNDING = 1e-6;

/** Fails unless the spans of a trace lie within each other or apart. */
function expectNested(events: readonly TraceEvent[]): void {
  const spans = events.filter(({ ph }) => ph === "X");
  const open: number[] = [];
  let last = 0;
  for (const { ts, dur } of spans) {
    expect(ts).toBeGreaterThanOrEqual(last);
    expect(dur).toBeGreaterThanOrEqual(0);
    last = ts;
    const end = ts + dur!;
    while (open.length > 0 && open.at(-1)! <= ts + ROUNDING) open.pop();
    if (open.length > 0) expect(end).toBeLessThanOrEqual(open.at(-1)! + ROUNDING);
    open.push(end);
  }
}

describe("the table", () => {
  const lines = formatProfile(profile).split("\n");

  it("tells stages, parts and operators within 80 columns", () => {
    expect(lines).toEqual([
      "                         calls     time   share     peak     live",
      "total                           10.00 s  100.0%  6.00 GB  1.50 GB",
      "  load                       1   0.50 s    5.0%  0.10 GB  0.10 GB",
      "  text                       1   3.50 s   35.0%  6.00 GB  1.00 GB",
      "    load text_encoder        1   2.40 s   24.0%  6.00 GB  5.00 GB",
      "    prompt                   1   1.00 s   10.0%  5.00 GB  1.00 GB",
      "      linear                 3   0.30 s    3.0%",
      "      (rest)                     0.70 s    7.0%",
      "    (rest)                       0.10 s    1.0%",
      "  denoise                    1   4.00 s   40.0%  2.00 GB  2.00 GB",
      "    step                     2   4.00 s   40.0%  2.00 GB  2.00 GB",
      "      attention/self         4   1.00 s   10.0%",
      "      linear                 6   0.60 s    6.0%",
      "      2 small operators     22   0.00 s    0.0%",
      "      (rest)                     2.40 s   24.0%",
      "  write                      1   1.50 s   15.0%  1.80 GB  1.80 GB",
      "  (rest)                         0.50 s    5.0%",
      "",
      "peak, live: resident memory of the process, at most and at the end",
    ]);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});

describe("the trace", () => {
  const { traceEvents } = chromeTrace(profile, { process: "image-dit" });

  it("has spans that nest", () => {
    expectNested(traceEvents);
    const depthOf = (name: string) => traceEvents.findIndex((event) => event.name === name);
    expect(depthOf("denoise")).toBeLessThan(depthOf("step"));
    expect(traceEvents.filter(({ ph }) => ph === "X")).toHaveLength(1 + 8 + 1 + 2 * 4);
  });

  it("has operators that add up, and the memory", () => {
    const times = (name: string) =>
      traceEvents.filter((event) => event.name === name).map(({ dur }) => dur);
    expect(times("attention/self")).toEqual([500_000, 500_000]);
    expect(times("linear")).toEqual([300_000, 300_000, 300_000]);
    expect(times("total")).toEqual([10_000_000]);
    const memory = traceEvents.filter(({ ph }) => ph === "C");
    expect(memory.map(({ ts, args }) => [ts, args!.bytes])).toEqual(
      profile.memory.map(({ time, resident }) => [1000 * (time - 1000), resident]),
    );
  });
});

describe("memory", () => {
  it("tells a peak between two samples where it was the highest so far", () => {
    expect(peakMemory(profile.memory, { start: 1500, end: 4000 })).toBe(6e9);
    expect(peakMemory(profile.memory, { start: 5000, end: 9000 })).toBe(2e9);
  });
});

describe("a recorder", () => {
  it("takes what is told and measures stages and memory", async () => {
    const recorder = startProfile();
    let block: Buffer | undefined;
    const told: Span = { name: "part", start: performance.now(), end: performance.now() };
    await recorder.stage("stage", async () => {
      block = Buffer.alloc(64 << 20, 1);
      recorder.onSpan(told);
    });
    recorder.end();
    const result = recorder.profile();
    expect(block!.length).toBe(64 << 20);
    expect(result.spans.map(({ name }) => name)).toEqual(["part", "stage"]);
    expect(result.spans[0]).toBe(told);
    const [first] = result.memory;
    const last = result.memory.at(-1)!;
    expect(last.resident - first!.resident).toBeGreaterThan(32 << 20);
    expect(last.time).toBe(result.end);
    expectNested(chromeTrace(result, { process: "image-dit" }).traceEvents);
  });
});

describe("generate --profile FILE", () => {
  it("prints the table and writes the trace of a real run", async () => {
    const folder = await mkdtemp(join(tmpdir(), "image-dit-profile-"));
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    try {
      const trace = join(folder, "trace.json");
      const model = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));
      const flags = { model, steps: 2, count: 2, seed: 1, threads: 1, profile: trace };
      const out = join(folder, "picture.png");
      const { signal } = new AbortController();
      const { attentionMs } = await generate(imageApp, "a star", { ...flags, out }, signal);

      const lines = written.join("").split("\n");
      expect(lines[0]).toMatch(/^ +calls +time +share +peak +live$/);
      for (const name of [
        "total",
        "load",
        "load vae",
        "text",
        "denoise",
        "step",
        "decode",
        "write",
      ]) {
        expect(lines.filter((line) => line.trimStart().startsWith(`${name} `))).not.toEqual([]);
      }
      const table = lines.slice(0, lines.indexOf(""));
      expect(Math.max(...table.map(({ length }) => length))).toBeLessThanOrEqual(80);

      const { traceEvents } = JSON.parse(await readFile(trace, "utf8"));
      expectNested(traceEvents);
      const time = (...names: string[]) =>
        (traceEvents as TraceEvent[])
          .filter(({ ph, name }) => ph === "X" && names.includes(name))
          .reduce((sum, { dur }) => sum + dur!, 0);
      expect(time("attention/self", "prepareAttention/self") / 1000).toBeCloseTo(attentionMs, 3);
      expect(time("prepare", "step")).toBeLessThanOrEqual(time("denoise"));
      const stages = time("plan", "load", "text", "denoise", "decode", "write");
      expect(stages).toBeLessThanOrEqual(time("total"));
      expect(stages).toBeGreaterThan(time("total") / 2);
    } finally {
      stderr.mockRestore();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
