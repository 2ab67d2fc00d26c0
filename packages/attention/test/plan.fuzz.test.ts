import { expect, it } from "vitest";
import { mutate, randomBits } from "../../../tools/fuzz/mutate.mjs";
import { createTarget } from "../../../tools/fuzz/targets/plan.mjs";
import * as attentionPackage from "../src/index.js";

const RUNS = 100_000;

it(`survives ${RUNS} seeded mutations`, async () => {
  const target = createTarget(attentionPackage);
  const seeds = await target.seeds();
  for (const seed of seeds) expect(await target.run(seed)).toBe("accepted");
  const random = randomBits(16054);
  const refusals = new Set<string>();
  let accepted = 0;
  for (let i = 0; i < RUNS; i++) {
    const input = mutate(seeds[i % seeds.length]!, random);
    const outcome = await target.run(input).catch((cause: unknown) => {
      throw new Error(`input ${i}: ${Buffer.from(input).toString("base64")}`, { cause });
    });
    if (outcome === "accepted") accepted++;
    else if (attentionPackage.PlanError.isInstance(outcome)) {
      const kind = /^(an order|plan format version|[^:(]*)/.exec(outcome.expected)?.[0] ?? "";
      refusals.add(kind.replace(/ as u8.*/s, "").trim());
    }
  }
  // The mutator must reach behind the safetensors header: some inputs pass, and every kind of refusal is met.
  expect(accepted).toBeGreaterThan(RUNS / 200);
  expect([...refusals]).toEqual(
    expect.arrayContaining([
      "a plan",
      "plan format version",
      "the plan's metadata in JSON",
      "valid plan metadata",
      "a valid plan",
      "the tensors orders and masks",
      "orders",
      "masks",
      "an order",
      "every block of text live",
      "a live key block for every query block",
      "zeros behind the last block",
    ]),
  );
});
