import "./emulated.js";

// A kernel that fails while it runs breaks the device: read once, when the emulator starts.
process.env.PAROATTN_EMULATOR_FAIL = "kernel attention";
process.env.PAROATTN_EMULATOR_QUIET = "1";

import { OperatorError } from "@paroattn/backend";
import { BlockMask } from "@paroattn/sparse-masks";
import { expect, it } from "vitest";
import { type CudaBackend, CudaBackendError, createCudaBackend } from "../src/index.js";
import { filled, issueAttention, rejection, thrown } from "./fixtures.js";

async function expectWorks(backend: CudaBackend): Promise<void> {
  const one = backend.upload(filled([1], 1));
  expect((await backend.read(backend.add({ a: one, b: one }))).data[0]).toBe(2);
}

it("an error that breaks the device names its operator, stops all backends there, and ends with a new one", async () => {
  const backend = createCudaBackend();
  const other = createCudaBackend();
  const controller = new AbortController();
  const scope = backend.scope({ signal: controller.signal });
  const tensor = other.upload(filled([1], 1));
  await expectWorks(backend);
  await expectWorks(other);

  const mask = other.prepareMask(BlockMask.full({ heads: 1, queryBlocks: 1, keyBlocks: 1 }));

  await scope.flush();
  const output = issueAttention(scope, 64);
  const error = await rejection(scope.read(output));
  expect(OperatorError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("unspecified launch failure (cudaErrorLaunchFailure)");
  expect(String(error)).toContain("attention");

  // Every further call says the same, whatever it is and whichever backend it asks.
  for (const call of [
    () => backend.upload(filled([1], 1)),
    () => scope.add({ a: output, b: output }),
    () => other.add({ a: tensor, b: tensor }),
    () => other.scope(),
  ]) {
    const broken = thrown(call);
    expect(CudaBackendError.isInstance(broken)).toBe(true);
    expect(String(broken)).toContain("The device was broken by ");
    expect(String(broken)).toContain("dispose of its backends and create a new one");
  }
  for (const promise of [backend.flush(), other.read(tensor), scope.flush()]) {
    expect(CudaBackendError.isInstance(await rejection(promise))).toBe(true);
  }
  controller.abort();
  scope.dispose();

  // Only a new one resets the device; the old ones stay as they are and can still be disposed of.
  const fresh = createCudaBackend();
  await expectWorks(fresh);
  expect(CudaBackendError.isInstance(thrown(() => other.upload(filled([1], 1))))).toBe(true);
  tensor.dispose();
  mask.dispose();
  backend.dispose();
  other.dispose();
  await expectWorks(fresh);
  fresh.dispose();
});

it("the only suspect is named as the operator", async () => {
  const backend = createCudaBackend();
  const query = backend.upload(filled([1, 64, 64], 0.1));
  const operands = backend.prepareAttention({
    query,
    key: query,
    value: query,
    heads: 1,
    headDim: 64,
    precision: { qk: "bf16", pv: "bf16" },
  });
  await backend.flush();
  const error = await rejection(backend.read(backend.attention({ operands }).output));
  expect(OperatorError.isInstance(error) && error.operator).toBe("attention");
  expect(String(error)).toContain("seen at read");
  backend.dispose();
});
