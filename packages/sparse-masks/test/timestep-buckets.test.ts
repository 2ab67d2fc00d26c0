import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, bucketsFromTimesteps, timestepBuckets } from "../src/index.js";

describe("bucketsFromTimesteps", () => {
  const run = [999, 749, 500, 250, 1];

  it("shares one bucket in the second half", () => {
    const buckets = bucketsFromTimesteps(run);
    expect(buckets).toEqual({ boundaries: [874, 624.5], steps: [1, 1, 3] });
    expect(run.map((timestep) => bucketOf(buckets, timestep))).toEqual([0, 1, 2, 2, 2]);
  });

  it("shares none, or all", () => {
    expect(bucketsFromTimesteps(run, { share: "none" }).steps).toEqual([1, 1, 1, 1, 1]);
    expect(bucketsFromTimesteps(run, { share: "all" })).toEqual({ boundaries: [], steps: [5] });
    expect(bucketsFromTimesteps([500])).toEqual({ boundaries: [], steps: [1] });
    expect(bucketsFromTimesteps(new Float32Array([900, 100]))).toEqual({
      boundaries: [500],
      steps: [1, 1],
    });
  });

  it("groups the steps that do not share into as many buckets as asked for, as evenly as they go", () => {
    const ten = Array.from({ length: 10 }, (_, i) => 1000 - 100 * i);
    expect(bucketsFromTimesteps(ten, { ownBuckets: 2 })).toEqual({
      boundaries: [850, 550],
      steps: [2, 3, 5],
    });
    expect(bucketsFromTimesteps(ten, { ownBuckets: 1 }).steps).toEqual([5, 5]);
    expect(bucketsFromTimesteps(ten, { ownBuckets: 99 })).toEqual(bucketsFromTimesteps(ten));
    expect(bucketsFromTimesteps(ten, { share: "none", ownBuckets: 3 }).steps).toEqual([3, 3, 4]);
    expect(bucketsFromTimesteps([500], { ownBuckets: 3 }).steps).toEqual([1]);
    for (const ownBuckets of [0, -1, 1.5, Number.NaN]) {
      expect(() => bucketsFromTimesteps(ten, { ownBuckets })).toThrow(
        "Expected a positive integer for ownBuckets",
      );
    }
    expect(() => bucketsFromTimesteps(ten, { share: "all", ownBuckets: 2 })).toThrow(
      'Expected no ownBuckets with share "all" but found 2',
    );
  });

  it("puts equal timesteps into one bucket", () => {
    const buckets = bucketsFromTimesteps([900, 900, 500, 500, 100, 100], { share: "none" });
    expect(buckets).toEqual({ boundaries: [700, 300], steps: [2, 2, 2] });
  });

  it("takes the nearest range for other timesteps, and clamps", () => {
    const buckets = bucketsFromTimesteps(run, { share: "none" });
    expect(bucketOf(buckets, 5000)).toBe(0);
    expect(bucketOf(buckets, -3)).toBe(4);
    expect(bucketOf(buckets, 870)).toBe(1);
    expect(bucketOf(buckets, 874)).toBe(0);
    expect(bucketOf(buckets, 880)).toBe(0);
  });

  it("finds for any timestep the bucket of a calibrated step that is nearest", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom("secondHalf" as const, "none" as const),
        fc.integer({ min: -10, max: 1010 }),
        (timesteps, share, probe) => {
          const sorted = timesteps.sort((a, b) => b - a);
          const buckets = bucketsFromTimesteps(sorted, { share });
          const counts = new Array<number>(buckets.steps.length).fill(0);
          for (const timestep of sorted) (counts[bucketOf(buckets, timestep)] as number) += 1;
          expect(counts).toEqual(buckets.steps);
          const distance = Math.min(...sorted.map((timestep) => Math.abs(timestep - probe)));
          const nearest = sorted.filter((timestep) => Math.abs(timestep - probe) === distance);
          expect(nearest.map((timestep) => bucketOf(buckets, timestep))).toContain(
            bucketOf(buckets, probe),
          );
        },
      ),
    );
  });

  it("refuses no timesteps, ascending ones and NaN", () => {
    expect(() => bucketsFromTimesteps([])).toThrow(/at least one timestep/);
    expect(() => bucketsFromTimesteps([1, 2])).toThrow(
      "Expected descending timesteps but found [1, 2]",
    );
    expect(() => bucketsFromTimesteps([Number.NaN])).toThrow(/finite timesteps/);
    expect(() => bucketOf(bucketsFromTimesteps(run), Number.NaN)).toThrow(/a timestep/);
  });
});

describe("timestepBuckets", () => {
  it("keeps what a plan stored", () => {
    const stored = JSON.parse(JSON.stringify(bucketsFromTimesteps([900, 500, 100])));
    expect(timestepBuckets(stored)).toEqual({ boundaries: [700], steps: [1, 2] });
    expect(Object.isFrozen(timestepBuckets(stored))).toBe(true);
  });

  it("refuses boundaries that ascend and steps that do not fit", () => {
    expect(() => timestepBuckets({ boundaries: [1, 2], steps: [1, 1, 1] })).toThrow(/descending/);
    expect(() => timestepBuckets({ boundaries: [1], steps: [1] })).toThrow(/2 steps.*found 1/);
    expect(() => timestepBuckets({ boundaries: [1], steps: [1, 0] })).toThrow(/found 0/);
    expect(() => timestepBuckets({ boundaries: [Number.NaN], steps: [1, 1] })).toThrow(/finite/);
  });
});
