import { describe, expect, it } from "vitest";
import { averageScores, combineScores, ReorderError, selectOrders } from "../src/index.js";

describe("combineScores", () => {
  it("takes each order's share of sparsity from its share of incoherence, by hand", () => {
    const candidates = [
      { order: "HW" as const, sparse: 0.4, quant: 30 },
      { order: "WH" as const, sparse: 0.8, quant: 10 },
    ];
    const { costs, order } = combineScores({ candidates });
    expect(costs[0]).toBeCloseTo(0.5 * (30 / 40) - 0.5 * (0.4 / 1.2), 12);
    expect(costs[1]).toBeCloseTo(0.5 * (10 / 40) - 0.5 * (0.8 / 1.2), 12);
    expect(order).toBe("WH");
  });

  it("lets alpha decide where the scores disagree", () => {
    const candidates = [
      { order: "HW" as const, sparse: 0.5, quant: 10 },
      { order: "WH" as const, sparse: 0.9, quant: 40 },
    ];
    expect(combineScores({ candidates, alpha: 1 }).order).toBe("WH");
    expect(combineScores({ candidates, alpha: 0 }).order).toBe("HW");
    // 0.5 * 0.2 - 0.5 * 5/14 against 0.5 * 0.8 - 0.5 * 9/14.
    expect(combineScores({ candidates }).order).toBe("HW");
    // 0.2 * 0.2 - 0.8 * 5/14 against 0.2 * 0.8 - 0.8 * 9/14.
    expect(combineScores({ candidates, alpha: 0.8 }).order).toBe("WH");
  });

  it("does not let a last bit of sparsity overrule the incoherence", () => {
    // A head that looks at one token along W: natively every block is nearly empty, and none can be kept for it.
    const candidates = [
      { order: "HW" as const, sparse: 1, quant: 39 },
      { order: "WH" as const, sparse: 0.93, quant: 7 },
    ];
    expect(combineScores({ candidates }).order).toBe("WH");
  });

  it("gives equal terms where a sum is zero", () => {
    const candidates = (["FHW", "WHF", "HFW", "HWF"] as const).map((order, index) => ({
      order,
      sparse: 1,
      quant: [3, 2, 1, 4][index] as number,
    }));
    const { costs, order } = combineScores({ candidates });
    expect(order).toBe("HFW");
    expect(costs[2]).toBeCloseTo(0.5 * 0.1 - 0.5 * 0.25, 12);
    const zero = candidates.map((candidate) => ({ ...candidate, quant: 0 }));
    expect(combineScores({ candidates: zero }).costs).toEqual([0, 0, 0, 0]);
  });

  it("takes the native order in a tie, wherever it stands, also one of rounding", () => {
    const alike = { sparse: 0.7, quant: 5 };
    const tie = [
      { order: "WHF" as const, ...alike, quant: 5 * (1 - 1e-8) },
      { order: "HFW" as const, ...alike },
      { order: "FHW" as const, ...alike },
    ];
    expect(combineScores({ candidates: tie }).order).toBe("FHW");
    expect(combineScores({ candidates: tie.slice(0, 2) }).order).toBe("WHF");
    const better = [...tie, { order: "FWH" as const, ...alike, quant: 4.99 }];
    expect(combineScores({ candidates: better }).order).toBe("FWH");
  });

  it("refuses no candidates, NaN and values out of range", () => {
    const order = "HW";
    expect(() => combineScores({ candidates: [] })).toThrow(/at least one candidate/);
    const score = { order, sparse: 0.5, quant: 2 } as const;
    for (const candidate of [
      { ...score, sparse: Number.NaN },
      { ...score, quant: Number.NaN },
      { ...score, sparse: 1.1 },
      { ...score, quant: -1 },
      { ...score, quant: Number.POSITIVE_INFINITY },
    ]) {
      expect(() => combineScores({ candidates: [score, candidate] })).toThrow(ReorderError);
    }
    expect(() => combineScores({ candidates: [score], alpha: 2 })).toThrow(
      "Expected alpha in [0, 1] but found 2",
    );
  });
});

describe("selectOrders", () => {
  it("decides for each head by itself", () => {
    const low = { sparse: 0.1, quant: 9 };
    const high = { sparse: 0.9, quant: 3 };
    const scores = [
      [low, high],
      [high, low],
      [low, low],
    ];
    expect(selectOrders({ orders: ["HW", "WH"], scores })).toEqual(["WH", "HW", "HW"]);
  });

  it("refuses a head with another number of scores, naming it", () => {
    const score = { sparse: 0.1, quant: 9 };
    expect(() => selectOrders({ orders: ["HW", "WH"], scores: [[score, score], [score]] })).toThrow(
      "Expected 2 scores for head 1 but found 1",
    );
  });

  it("names the head of a bad score", () => {
    const score = { sparse: 0.1, quant: 9 };
    const scores = [
      [score, score],
      [score, { ...score, quant: Number.NaN }],
    ];
    expect(() => selectOrders({ orders: ["HW", "WH"], scores })).toThrow(/head 1.*WH.*NaN/);
  });
});

describe("averageScores", () => {
  it("is the mean of each score", () => {
    const scores = [
      { sparse: 0.2, quant: 3 },
      { sparse: 0.6, quant: 6 },
    ];
    expect(averageScores(scores)).toEqual({ sparse: 0.4, quant: 4.5 });
    expect(() => averageScores([])).toThrow(/at least one score/);
  });
});
