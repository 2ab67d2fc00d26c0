import { setTimeout as delay } from "node:timers/promises";
import type { Backend } from "@paroattn/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CpuBackendOptions, createCpuBackend } from "../src/index.js";
import type { CpuView } from "../src/view.js";
import { filled, issueAttention, rejection } from "./fixtures.js";

const opened: Backend[] = [];
afterEach(() => {
  for (const backend of opened.splice(0)) backend.dispose();
});

/** A backend that is disposed of after the test. */
function open(options: CpuBackendOptions): Backend {
  const backend = createCpuBackend(options);
  opened.push(backend);
  return backend;
}

/** Minutes of work. */
const LONG = 262_144;

async function expectSum(backend: Backend): Promise<void> {
  const one = backend.upload(filled([1], 1));
  expect((await backend.read(backend.add({ a: one, b: one }))).data[0]).toBe(2);
}

describe("several backends at work in one process", () => {
  it("give the same numbers with different numbers of threads, created and disposed of in any order", async () => {
    const work = async (threads: number) => {
      const backend = open({ threads });
      const outputs = [0, 1].map(() => issueAttention(backend, 1024));
      const data = await Promise.all(
        outputs.map(async (output) => (await backend.read(output)).data),
      );
      backend.dispose();
      return data;
    };
    const results = (await Promise.all([1, 2, 3, 8, 1].map(work))).flat();
    for (const data of results) expect(data).toEqual(results[0]);
  });

  it("do not wait for one that is busy", async () => {
    const busy = open({ threads: 2 });
    const controller = new AbortController();
    const scope = busy.scope({ signal: controller.signal });
    const stuck = rejection(scope.read(issueAttention(scope, LONG)));
    const free = open({ threads: 1 });
    await expectSum(free);
    controller.abort();
    expect(await stuck).toMatchObject({ name: "AbortError" });
  });

  it("refuse each other's tensors", () => {
    const a = open({ threads: 1 });
    const b = open({ threads: 1 });
    const ofA = a.upload(filled([1], 1));
    expect(() => b.add({ a: ofA, b: ofA })).toThrow(/expected a to be made by this backend/);
  });
});

describe("dispose in the middle of work", () => {
  it("of the backend lets what was issued end, and refuses more", async () => {
    const backend = createCpuBackend({ threads: 2 });
    const output = issueAttention(backend, 4096);
    const reading = backend.read(output);
    const flushing = backend.flush();
    backend.dispose();
    backend.dispose();
    expect(() => backend.add({ a: output, b: output })).toThrow(/dispose/);
    expect((await reading).data[0]).toBeCloseTo(0.1, 5);
    await flushing;
    const next = open({ threads: 2 });
    await expectSum(next);
  });

  it("of the backend leaves a command of minutes to its signal", async () => {
    const backend = createCpuBackend({ threads: 2 });
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const reading = rejection(scope.read(issueAttention(scope, LONG)));
    await delay(30);
    backend.dispose();
    controller.abort();
    expect(await reading).toMatchObject({ name: "AbortError" });
  });

  it("of tensors takes nothing from the commands that were given them", async () => {
    const backend = open({ threads: 2 });
    const input = backend.upload(filled([1, 1024, 64], 0.25));
    const operands = backend.prepareAttention({
      query: input,
      key: input,
      value: input,
      heads: 1,
      headDim: 64,
    });
    input.dispose();
    const { output } = backend.attention({ operands });
    operands.dispose();
    const reading = backend.read(output);
    output.dispose();
    output.dispose();
    const { data } = await reading;
    expect(data.every((value) => Math.abs(Number(value) - 0.25) < 1e-5)).toBe(true);
    expect(() => backend.add({ a: input, b: input })).toThrow(/dispose/);
  });

  it("of a scope, from the callback of its own read", async () => {
    const backend = open({ threads: 2 });
    for (let round = 0; round < 20; round++) {
      const scope = backend.scope();
      const waiting = [256, 512, 1024].map((tokens) => {
        const output = issueAttention(scope, tokens);
        return scope.read(output).then(
          () => scope.dispose(),
          () => {},
        );
      });
      await Promise.all(waiting);
    }
    await expectSum(backend);
  });
});

describe("a storm of aborts", () => {
  /** Seeded: the same storm each time, as far as the machine goes along. */
  function randomNumbers(seed: number): () => number {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
  }

  it("settles every promise with a result or the signal's reason, and leaves no memory", async () => {
    const backend = createCpuBackend({ threads: 2 }) as CpuView;
    const random = randomNumbers(7);
    const counts = { done: 0, aborted: 0 };
    const one = async (index: number) => {
      const controller = new AbortController();
      const reason = new Error(`storm ${index}`);
      const scope = backend.scope({ signal: controller.signal });
      const output = issueAttention(scope, 64 + Math.floor(random() * 1024));
      const reading = scope.read(output);
      const moment = random();
      if (moment < 0.2) controller.abort(reason);
      else if (moment < 0.8) setTimeout(() => controller.abort(reason), moment * 40);
      if (random() < 0.3) setTimeout(() => scope.dispose(), random() * 20);
      await reading.then(
        () => counts.done++,
        (error: unknown) => {
          expect([reason.message, "disposed"]).toContain(
            error === reason ? reason.message : String(error),
          );
          counts.aborted++;
        },
      );
      scope.dispose();
      controller.abort(reason);
    };
    for (let wave = 0; wave < 10; wave++) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => one(20 * wave + index)));
    }
    expect(counts.done + counts.aborted).toBe(200);
    expect(counts.done).toBeGreaterThan(0);
    expect(counts.aborted).toBeGreaterThan(0);
    // Longer than the two seconds after which an idle stream gives unused memory back.
    await vi.waitFor(() => expect(backend.memory()).toBe(0), { timeout: 10_000, interval: 100 });
    await expectSum(backend);
    backend.dispose();
  });

  it("of one signal that many scopes on many backends share", async () => {
    const backends = [1, 2, 3].map((threads) => createCpuBackend({ threads }));
    const controller = new AbortController();
    const waiting = backends.flatMap((backend) =>
      Array.from({ length: 10 }, (_, i) => {
        const scope = backend.scope({ signal: controller.signal });
        // The first is what all others of the backend wait for, however late the signal comes.
        return rejection(scope.read(issueAttention(scope, i === 0 ? LONG : 2048)));
      }),
    );
    await delay(50);
    controller.abort();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ name: "AbortError" });
    }
    for (const backend of backends) {
      await expectSum(backend);
      backend.dispose();
    }
  });
});
