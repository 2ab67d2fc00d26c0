import { describe, expect, it } from "vitest";
import { operatorsOf } from "../../src/conformance/case.js";
import {
  type ConformanceOptions,
  type ConformanceResult,
  conformanceCases,
  describeConformance,
  planConformance,
  runConformance,
} from "../../src/conformance/index.js";
import { operatorNames } from "../../src/conformance/options.js";
import { type Backend, createReferenceBackend, UnsupportedError } from "../../src/index.js";
import { isBig } from "../support/big-cases.js";
import { brokenBackend, type Faults } from "../support/broken-backend.js";

const stated = {
  dtype: "bf16",
  precision: { qk: "bf16", pv: "bf16" },
  operators: ["add", "activate", "reshape", "prepareAttention", "prepareMask", "attention"],
  headDims: [64, 128],
  bias: false,
} as const satisfies ConformanceOptions;

/** The reference as a backend that has what is stated above and refuses the rest. */
function smallBackend(): Backend {
  const faults: Record<string, (original: Backend) => unknown> = {
    prepareAttention: (original) => (options: Parameters<Backend["prepareAttention"]>[0]) => {
      const operands = original.prepareAttention(options);
      if (!stated.headDims.some((headDim) => headDim === options.headDim)) {
        throw new UnsupportedError({ backend: "small", feature: "this head dim" });
      }
      return operands;
    },
    attention: (original) => (options: Parameters<Backend["attention"]>[0]) => {
      if (options.bias) throw new UnsupportedError({ backend: "small", feature: "a bias" });
      return original.attention(options);
    },
  };
  for (const name of operatorNames) {
    if (stated.operators.some((has) => has === name)) continue;
    faults[name] = () => () => {
      throw new UnsupportedError({ backend: "small", message: `not on small yet: ${name}` });
    };
  }
  return brokenBackend(faults as Faults);
}

function named(results: readonly ConformanceResult[], part: string): ConformanceResult[] {
  return results.filter(({ name }) => name.includes(part));
}

describe("a backend that states what it has", () => {
  it("is held to that, and to refusing the rest", async () => {
    const told: string[] = [];
    const results = await runConformance({
      ...stated,
      createBackend: smallBackend,
      only: (one) => !isBig(one) && one.operator !== "scope",
      onResult: ({ name }) => told.push(name),
    });
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(told).toEqual(results.map(({ name }) => name));
    expect(named(results, "linear: bias")[0]).toMatchObject({
      skipped: true,
      seed: undefined,
      message: "the backend has no linear",
    });
    expect(named(results, "attention: head dim 72")[0]!.message).toBe(
      "the backend has head dims 64, 128 only, not 72",
    );
    expect(named(results, "attention: bias")[0]!.message).toBe(
      "the backend's attention takes no bias",
    );
    const refusals = named(results, "unsupported: ").map(({ name }) => name);
    expect(refusals.length).toBe(operatorNames.length - stated.operators.length + 2);
    expect(refusals).toContain("unsupported: blockStatistics is refused at the call");
    expect(refusals).toContain("unsupported: head dim 136 is refused at the call");
    expect(refusals).toContain("unsupported: a bias is refused at the call");
  });

  it("does not pass where it has more or less than it states", async () => {
    const results = await runConformance({
      ...stated,
      createBackend: createReferenceBackend,
      only: ({ name }) => name.startsWith("unsupported: "),
      seeds: [1, 2],
    });
    expect(results.length).toBeGreaterThan(0);
    for (const { ok, message } of results) {
      expect(ok).toBe(false);
      expect(message).toContain("ConformanceError: expected");
    }
    const less = await runConformance({
      createBackend: smallBackend,
      only: ({ name }) => name === "linear: bias",
    });
    expect(less.map(({ ok, skipped }) => [ok, skipped])).toEqual([[false, false]]);
    expect(less[0]!.message).toBe("UnsupportedError: not on small yet: linear");
  });

  it("sees in its tests what is skipped", () => {
    const declared: string[] = [];
    const skipped: string[] = [];
    const it = Object.assign((name: string) => declared.push(name), {
      skip: (name: string) => skipped.push(name),
    });
    const titles: string[] = [];
    const describe = (title: string, body: () => void) => {
      titles.push(title);
      body();
    };
    describeConformance({ ...stated, createBackend: smallBackend, describe, it });
    const plan = planConformance(stated);
    expect(titles).toEqual(["conformance (bf16, attention in bf16)"]);
    expect(declared).toEqual(plan.cases.map(({ name }) => name));
    expect(skipped).toEqual(plan.skipped.map(({ name, why }) => `${name} (${why})`));
    const silent = (name: string) => declared.push(name);
    expect(() =>
      describeConformance({ ...stated, createBackend: smallBackend, describe, it: silent }),
    ).toThrow("expected it.skip, to tell of linear: odd sizes: the backend has no linear");
  });
});

it("holds a backend to the quantized precisions that it states, and to refusing the others", async () => {
  const int8 = { qk: "int8", pv: "int8" } as const;
  const { cases, skipped } = planConformance({ quantized: [int8] });
  const names = cases.map(({ name }) => name);
  const own = "attention in int8 and int8, tile u7 channelBlock, smoothed";
  expect(names).toContain(`${own}: ragged tail`);
  expect(names.filter((name) => name.startsWith("attention in ") && !name.startsWith(own))).toEqual(
    [],
  );
  expect(skipped.length).toBe(23);
  for (const { name } of skipped) {
    expect(names).toContain(
      `unsupported: ${name.replace("attention in ", "")} is refused at the call`,
    );
  }
  const results = await runConformance({
    createBackend: createReferenceBackend,
    quantized: [int8],
    only: ({ name }) => name.includes("int4 and int4") && name.includes("refused"),
  });
  expect(results.map(({ ok }) => ok)).toEqual(new Array(6).fill(false));
  expect(planConformance({ precision: { qk: "bf16", pv: "bf16" } }).skipped).toEqual([]);
});

it("knows which operators each case calls", { timeout: 240_000 }, async () => {
  const wrong: string[] = [];
  for (const one of conformanceCases()) {
    if (isBig(one)) continue;
    const called = new Set<string>();
    const recording = Object.fromEntries(
      operatorNames.map((name) => [
        name,
        (original: Backend) =>
          (...options: never[]) => {
            called.add(name);
            return (original[name] as (...options: never[]) => unknown)(...options);
          },
      ]),
    ) as Faults;
    const backend = brokenBackend(recording);
    const reference = createReferenceBackend();
    await one.run({ backend, reference, seed: 1 });
    backend.dispose();
    reference.dispose();
    const missing = [...called].filter((name) => !operatorsOf(one).some((has) => has === name));
    if (missing.length > 0) wrong.push(`${one.name} also calls ${missing.join(", ")}`);
  }
  expect(wrong).toEqual([]);
});
