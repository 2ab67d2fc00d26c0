import { expect, it } from "vitest";
import { measureCase } from "../src/measure/case.js";
import { interleave, median } from "../src/measure/interleave.js";

it("takes turns, every other round backwards", async () => {
  const turns: string[] = [];
  const contender = (name: string, times: number[]) => ({
    async run() {
      turns.push(name);
      return { [name]: times.shift()! };
    },
  });
  const timings = await interleave({
    contenders: [contender("a", [5, 3, 4]), contender("b", [1, 9, 2])],
    rounds: 3,
  });
  expect(turns.join("")).toBe("abbaab");
  expect(timings).toEqual([
    { name: "a", bestMs: 3, medianMs: 4 },
    { name: "b", bestMs: 1, medianMs: 2 },
  ]);
});

it("takes the mean of the two in the middle", () => {
  expect(median([4, 1, 2, 8])).toBe(3);
});

it("gives no time to a contender whose result differs", async () => {
  let closed = false;
  const contender = (name: string, value: number) => ({
    rows: { [name]: {} },
    run: async () => ({ [name]: 1 }),
    output: async () => Float32Array.of(0.5, value),
  });
  const open = async () => ({
    contenders: [contender("right", 2), contender("wrong", 2.5)],
    close: () => {
      closed = true;
    },
  });
  const one = { name: "case", rounds: 1, seconds: 1, open };
  await expect(measureCase(one, { rounds: 1, onRound() {} })).rejects.toThrow(
    /results of wrong and right within 0.0001 but found a difference of 0.25$/,
  );
  expect(closed).toBe(true);
});
