import { partitionTokens } from "@paroattn/reorder";
import { describe, expect, it } from "vitest";
import {
  bucketsFromTimesteps,
  globalThreshold,
  makeMaskSchedule,
  maskFromThreshold,
  massesInMemory,
  scheduledMask,
  seededGenerator,
} from "../src/index.js";

const partition = partitionTokens(24, 2);
const buckets = bucketsFromTimesteps([999, 749, 500, 250]);
const random = seededGenerator(4);
const masses = Float32Array.from({ length: 3 * 2 * 2 * 144 }, () => random() ** 4);
const source = massesInMemory({ masses, buckets: 3, layers: 2, heads: 2, blocks: 12 });

describe("makeMaskSchedule", () => {
  it("of a global budget gives what its threshold gives, weighed by steps", async () => {
    const criterion = { kind: "globalBudget", density: 0.4 } as const;
    const schedule = await makeMaskSchedule({ source, partition, criterion, buckets });
    const options = { source, partition, bucketSteps: buckets.steps };
    const threshold = await globalThreshold({ ...options, density: 0.4 });
    expect(schedule.globalThreshold).toEqual(threshold);
    expect(Math.abs(schedule.density - 0.4)).toBeLessThan(0.01);
    for (let bucket = 0; bucket < 3; bucket++) {
      for (let layer = 0; layer < 2; layer++) {
        const mask = await maskFromThreshold({ ...options, threshold, bucket, layer });
        expect(schedule.masks[bucket]?.[layer]?.equals(mask)).toBe(true);
      }
    }
  });

  it("gives the mask of any timestep", async () => {
    const criterion = { kind: "topP", mass: 0.5 } as const;
    const schedule = await makeMaskSchedule({ source, partition, criterion, buckets });
    expect(schedule.globalThreshold).toBeUndefined();
    const at = (timestep: number) => scheduledMask(schedule, { timestep, layer: 1 });
    expect(at(1000)).toBe(schedule.masks[0]?.[1]);
    expect(at(700)).toBe(schedule.masks[1]?.[1]);
    expect(at(300)).toBe(schedule.masks[2]?.[1]);
    expect(at(0)).toBe(schedule.masks[2]?.[1]);
    expect(() => scheduledMask(schedule, { timestep: 500, layer: 2 })).toThrow(
      "Expected a layer from 0 to 1 but found 2",
    );
    expect(() => at(Number.NaN)).toThrow(/a timestep/);
  });

  it("needs no buckets for a source of one, and refuses another number", async () => {
    const criterion = { kind: "threshold", threshold: 0.1 } as const;
    const one = massesInMemory({
      masses: masses.subarray(0, 576),
      buckets: 1,
      layers: 2,
      heads: 2,
      blocks: 12,
    });
    const schedule = await makeMaskSchedule({ source: one, partition, criterion });
    expect(scheduledMask(schedule, { timestep: 3, layer: 0 })).toBe(schedule.masks[0]?.[0]);
    await expect(makeMaskSchedule({ source, partition, criterion })).rejects.toThrow(
      "Expected a source of 1 buckets but found 3",
    );
  });
});
