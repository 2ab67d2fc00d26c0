import { seededGenerator } from "@paroattn/sparse-masks";
import { describe, expect, it } from "vitest";
import { attentionResidual, denominatorRatio, rampedRatio } from "../src/index.js";

/** Softmax attention written out, over the keys that are kept. */
function attend(options: {
  readonly logits: readonly (readonly number[])[];
  readonly values: readonly (readonly number[])[];
  readonly keeps: (row: number, key: number) => boolean;
}) {
  const { logits, values, keeps } = options;
  const rows = logits.map((row, index) => {
    const entries = row.map((logit, key) => (keeps(index, key) ? Math.exp(logit) : 0));
    const denominator = entries.reduce((sum, entry) => sum + entry, 0);
    return { entries, denominator };
  });
  const output = rows.flatMap(({ entries, denominator }) =>
    values[0]!.map((_, channel) =>
      entries.reduce((sum, entry, key) => sum + (entry / denominator) * values[key]![channel]!, 0),
    ),
  );
  return { rows, output, logSumExp: rows.map(({ denominator }) => Math.log(denominator)) };
}

const uniform = seededGenerator(5);
const matrix = (rows: number, columns: number, size: number) =>
  Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => size * (2 * uniform() - 1)),
  );
const logits = matrix(20, 31, 6);
const values = matrix(31, 5, 2);
const keeps = (row: number, key: number) => Math.abs(row - key) <= 4;
const all = attend({ logits, values, keeps: () => true });
const kept = attend({ logits, values, keeps });
const ratio = denominatorRatio({ kept: kept.logSumExp, all: all.logSumExp });

describe("what a mask leaves of attention, in float64", () => {
  it("is the ratio of the softmax denominators, from two log-sum-exps", () => {
    for (const [row, rho] of ratio.entries()) {
      const expected = kept.rows[row]!.denominator / all.rows[row]!.denominator;
      expect(Math.abs(rho / expected - 1)).toBeLessThan(1e-12);
      expect(rho).toBeGreaterThan(0);
      expect(rho).toBeLessThan(1);
    }
    // Nothing dropped: 1, whatever the logits are; rounding does not lift it above.
    expect([...denominatorRatio({ kept: all.logSumExp, all: all.logSumExp })]).toEqual(
      all.logSumExp.map(() => 1),
    );
    expect([...denominatorRatio({ kept: [3 + 1e-15], all: [3] })]).toEqual([1]);
  });

  it("leaves as residual what the dropped keys make of full attention", () => {
    const residual = attentionResidual({ full: all.output, kept: kept.output, ratio });
    for (const [index, value] of residual.entries()) {
      const [row, channel] = [Math.floor(index / 5), index % 5];
      const { entries, denominator } = all.rows[row]!;
      const dropped = entries.reduce(
        (sum, entry, key) =>
          keeps(row, key) ? sum : sum + (entry / denominator) * values[key]![channel]!,
        0,
      );
      expect(Math.abs(value - dropped)).toBeLessThan(1e-12);
      // So ratio * kept + residual is full attention again.
      const again = ratio[row]! * kept.output[index]! + value;
      expect(Math.abs(again - all.output[index]!)).toBeLessThan(1e-12);
    }
  });

  it("ramps up to 1, and beyond where it is asked to be as released", () => {
    const ramp = (sparseStep: number, strict?: boolean) => [
      ...rampedRatio([0.5, 0.9, 1], {
        lambda: 0.04,
        sparseStep,
        ...(strict !== undefined && { strict }),
      }),
    ];
    expect(ramp(0)).toEqual([0.5, 0.9, 1]);
    expect(ramp(3)).toEqual([0.62, 1, 1]);
    expect(ramp(3, true)).toEqual([0.62, 1.02, 1.12]);
  });
});
