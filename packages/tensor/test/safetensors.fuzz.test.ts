import { expect, it } from "vitest";
import { mutate, randomBits } from "../../../tools/fuzz/mutate.mjs";
import { createTarget } from "../../../tools/fuzz/targets/safetensors.mjs";
import * as tensorPackage from "../src/index.js";

const RUNS = 100_000;

it(`survives ${RUNS} seeded mutations`, async () => {
  const target = createTarget(tensorPackage);
  const seeds = await target.seeds();
  const random = randomBits(2506);
  const refusals = new Set<string>();
  let accepted = 0;
  for (let i = 0; i < RUNS; i++) {
    const input = mutate(seeds[i % seeds.length]!, random);
    const outcome = await target.run(input).catch((cause: unknown) => {
      throw new Error(`input ${i}: ${Buffer.from(input).toString("base64")}`, { cause });
    });
    if (outcome === "accepted") accepted++;
    else if (tensorPackage.SafetensorsError.isInstance(outcome)) {
      refusals.add(
        outcome.expected.replace(/ \(.*/s, "").replace(/ ".*/s, "").replace(/\d+/g, "N"),
      );
    }
  }
  // The mutator must reach behind the first checks: some inputs pass, and every kind of refusal is met.
  expect(accepted).toBeGreaterThan(RUNS / 200);
  expect([...refusals]).toEqual(
    expect.arrayContaining([
      "a header length of N bytes",
      "a header of at most N bytes",
      "a file of at least N bytes",
      "a header in JSON",
      "a JSON object as header",
      "every key of the header once",
      "an object as __metadata__",
      "a string as __metadata__",
      "an object with dtype, shape and data_offsets",
      "a dtype of safetensors",
      "a list of sizes as shape",
      "a shape of whole sizes with a safe product",
      "two whole data_offsets, begin <= end",
      "data_offsets within the N bytes after the header",
      "N bytes",
      "its data to begin at byte N, where the tensor before it ends",
      "a file of N bytes",
    ]),
  );
});

it("gives the same mutations for the same seed", () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
  const take = (seed: number) => {
    const random = randomBits(seed);
    return Array.from({ length: 20 }, () => mutate(bytes, random));
  };
  expect(take(1)).toEqual(take(1));
  expect(take(1)).not.toEqual(take(2));
  expect(take(1).every((mutated) => mutated !== bytes)).toBe(true);
});
