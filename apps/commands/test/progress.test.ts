import { describe, expect, it } from "vitest";
import { createProgress, formatDuration, progressLine } from "../src/terminal/progress.js";

function recorder(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, write: (text: string) => written.push(text), written };
}

describe("progress", () => {
  it("tells the step, the time left and the memory", () => {
    const line = { stage: "dense", done: 0.25, elapsedMs: 5000, memory: 2.1e9, columns: 80 };
    expect(progressLine({ ...line, detail: "step 5/20" })).toMatch(
      /^dense step 5\/20 \[#{8}-{22}\] {2}25% 15 s left, 2\.1 GB$/,
    );
    expect(progressLine(line)).toMatch(/^dense \[#{8}-{22}\] /);
    expect(formatDuration(125_400)).toBe("2 min 05 s");
  });

  it("fits a narrow terminal", () => {
    for (const columns of [20, 40, 80]) {
      const line = progressLine({
        stage: "calibrate, pass 1 of 2",
        done: 0.5,
        elapsedMs: 1e6,
        memory: 2e9,
        columns,
      });
      expect(line.length).toBeLessThan(columns);
    }
  });

  it("stays silent for work under a second, redraws on a terminal and clears at the end", () => {
    const stream = recorder(true);
    let time = 0;
    const progress = createProgress(
      stream,
      () => time,
      () => 3e8,
    );
    progress.update("loop", 0);
    time = 900;
    progress.update("loop", 0.5);
    expect(stream.written).toEqual([]);
    time = 1500;
    progress.update("loop", 0.75);
    expect(stream.written.join("")).toContain("75%");
    progress.end();
    expect(stream.written.at(-1)).toBe("\r\x1b[K");
  });

  it("takes 80 columns for a terminal that does not know its size", () => {
    const stream = recorder(true, 0);
    let time = 0;
    const progress = createProgress(
      stream,
      () => time,
      () => 3e8,
    );
    progress.update("loop", 0);
    time = 2000;
    progress.update("loop", 0.5);
    progress.end();
    expect(stream.written.join("")).toContain(
      `[${"#".repeat(15)}${"-".repeat(15)}]  50% 2 s left, 0.3 GB`,
    );
  });

  it("writes a line now and then where there is no terminal", () => {
    const stream = recorder(false);
    let time = 0;
    const progress = createProgress(
      stream,
      () => time,
      () => 3e8,
    );
    for (time = 0; time <= 30_000; time += 500) progress.update("loop", time / 30_000);
    expect(stream.written.length).toBe(3);
    expect(stream.written.every((line) => line.endsWith("\n"))).toBe(true);
  });
});
