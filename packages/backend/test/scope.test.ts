import { expect, it } from "vitest";
import { OperatorTimings, ScopeState, timingKey } from "../src/index.js";

function resource(name: string, log: string[]): Disposable {
  const self: Disposable = {
    [Symbol.dispose]() {
      ScopeState.release(self);
      log.push(name);
    },
  };
  return self;
}

it("frees scopes inside first, the newest resource first, each once", () => {
  const log: string[] = [];
  const root = ScopeState.root();
  const outer = root.child();
  const inner = outer.child();
  outer.own(resource("a", log));
  inner.own(resource("b", log));
  const early = outer.own(resource("c", log));
  outer.own(resource("d", log));
  early[Symbol.dispose]();
  outer.dispose();
  outer.dispose();
  expect(log).toEqual(["c", "b", "d", "a"]);
  expect(inner.disposed).toBe(true);
  root.dispose();
  expect(log.length).toBe(4);
});

it("keeps to the parent, and leaves alone what another scope owns", () => {
  const log: string[] = [];
  const root = ScopeState.root();
  const outer = root.child();
  const inner = outer.child();
  const kept = inner.own(resource("kept", log));
  const foreign = root.own(resource("root's", log));
  expect(inner.keep(kept)).toBe(kept);
  expect(inner.keep(foreign)).toBe(foreign);
  inner.dispose();
  expect(log).toEqual([]);
  outer.dispose();
  expect(log).toEqual(["kept"]);
  root.dispose();
  expect(log).toEqual(["kept", "root's"]);
});

it("inherits signals and the nearest timings", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const timed = ScopeState.root().child({ signal: first.signal, timed: true });
  const inner = timed.child({ signal: second.signal });
  expect(inner.signals).toEqual([first.signal, second.signal]);
  expect(inner.timings).toBe(timed.timings);
  expect(inner.timed).toBe(false);
  expect(inner.child({ timed: true }).timings).not.toBe(timed.timings);
  expect(inner.aborted).toBe(undefined);
  second.abort();
  expect(inner.aborted).toBe(second.signal);
  expect(timed.aborted).toBe(undefined);
});

it("adds timings up by operator and label", () => {
  const timings = new OperatorTimings();
  timings.record(timingKey("attention", "self"), 2);
  timings.record(timingKey("attention", "self"), 3);
  timings.record(timingKey("linear"), 1);
  const snapshot = timings.snapshot();
  timings.record("linear", 1);
  expect(snapshot).toEqual({
    "attention/self": { calls: 2, milliseconds: 5 },
    linear: { calls: 1, milliseconds: 1 },
  });
});
