import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScheduleError, type StepSchedule, stepRoles } from "../src/index.js";

describe("stepRoles", () => {
  const letters = (schedule: StepSchedule, steps: number) =>
    stepRoles(schedule, steps)
      .map((role) => (role === "reuse" ? "u" : role[0]))
      .join("");

  it("begins with dense steps and refreshes where it is told to", () => {
    expect(letters({}, 4)).toBe("ssss");
    expect(letters({ warmUp: 2 }, 5)).toBe("ddsss");
    expect(letters({ refresh: [0, 3] }, 5)).toBe("rssrs");
    expect(letters({ warmUp: 2, refresh: [1, 2] }, 5)).toBe("drrss");
    expect(letters({ warmUp: 5 }, 5)).toBe("ddddd");
    expect(letters({}, 0)).toBe("");
  });

  it("refreshes every so many steps from the end of the warm-up on", () => {
    // Re-ttention on CogVideoX: 15 dense steps and then every fifth, 22 of 50 in all.
    const roles = stepRoles({ warmUp: 15, refresh: { every: 5 } }, 50);
    const dense = roles.flatMap((role, step) => (role === "sparse" ? [] : [step]));
    expect(dense).toEqual([...Array(15).keys(), 15, 20, 25, 30, 35, 40, 45]);
    expect(letters({ refresh: { every: 1 } }, 3)).toBe("rrr");
    expect(letters({ warmUp: 3, refresh: { every: 2 } }, 3)).toBe("ddd");
    const counts = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(counts, fc.nat(40), counts, (every, warmUp, steps) => {
        if (warmUp > steps) return;
        stepRoles({ warmUp, refresh: { every } }, steps).forEach((role, step) => {
          const expected =
            step < warmUp ? "dense" : (step - warmUp) % every === 0 ? "refresh" : "sparse";
          expect(role).toBe(expected);
        });
      }),
    );
  });

  it("is dense where a refresh would be, and goes before a reuse", () => {
    for (const choice of [{ every: 3 }, [1, 4], { every: 1 }]) {
      const roles = letters({ warmUp: 1, dense: choice }, 8);
      expect(roles).toBe(letters({ warmUp: 1, refresh: choice }, 8).replaceAll("r", "d"));
    }
    expect(letters({ dense: [0, 2, 3], refresh: [2], reuse: { every: 2 } }, 6)).toBe("durdsu");
  });

  it("reuses at the end of each stretch, but for a refresh", () => {
    expect(letters({ warmUp: 1, reuse: { every: 2 } }, 6)).toBe("dsusus");
    expect(letters({ warmUp: 2, reuse: { every: 1 } }, 5)).toBe("dduuu");
    expect(letters({ refresh: { every: 3 }, reuse: { every: 1 } }, 7)).toBe("ruuruur");
    expect(letters({ refresh: [2], reuse: [1, 2, 3] }, 5)).toBe("surus");
    expect(letters({ warmUp: 4, reuse: { every: 3 } }, 5)).toBe("dddds");
  });

  it.each([
    [{ reuse: [1, 7] }, "Expected reuse steps from 0 to 4 but found 7"],
    [{ reuse: { every: 0.5 } }, "Expected a reuse every 1 or more steps but found 0.5"],
    [{ warmUp: 2, reuse: [1] }, "Expected steps to reuse after the warm-up of 2 but found 1"],
    [{ reuse: [0] }, "Expected a step that is computed before the first one that reuses its"],
    [{ warmUp: 6 }, "Expected a warm-up of 0 to 5 steps, which the run has, but found 6"],
    [{ warmUp: -1 }, "Expected a warm-up of 0 to 5 steps, which the run has, but found -1"],
    [{ warmUp: 0.5 }, "found 0.5"],
    [{ refresh: [2, 5] }, "Expected refresh steps from 0 to 4 but found 5"],
    [{ refresh: [Number.NaN] }, "found NaN"],
    [{ dense: [-1] }, "Expected dense steps from 0 to 4 but found -1"],
    [{ dense: { every: 0 } }, "Expected a dense step every 1 or more steps but found 0"],
    [{ refresh: { every: 0 } }, "Expected a refresh every 1 or more steps but found 0"],
  ])("refuses %j for a run of 5 steps", (schedule, message) => {
    let error: unknown;
    try {
      stepRoles(schedule, 5);
    } catch (thrown) {
      error = thrown;
    }
    expect(ScheduleError.isInstance(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});
