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
    contenders: [contender("a", [500, 300, 400]), contender("b", [100, 900, 200])],
    rounds: 3,
  });
  expect(turns.join("")).toBe("abbaab");
  expect(timings).toEqual([
    { name: "a", bestMs: 300, medianMs: 400 },
    { name: "b", bestMs: 100, medianMs: 200 },
  ]);
});

it("counts the second call of short work", async () => {
  const times = [9, 3, 8, 5];
  const timings = await interleave({
    contenders: [{ run: async () => ({ a: times.shift()! }) }],
    rounds: 2,
  });
  expect(timings).toEqual([{ name: "a", bestMs: 3, medianMs: 4 }]);
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
