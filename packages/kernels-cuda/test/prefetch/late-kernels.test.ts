import "../emulated.js";

// Kernels begin only when something waits for them: read once, when the emulator starts.
process.env.PAROATTN_EMULATOR_LATE = "kernels";

import { expect, it } from "vitest";
import { createCudaBackend } from "../../src/index.js";
import { rejection } from "../fixtures.js";
import { expectRightLayers, prepareLayers, runLayer } from "./layers.js";

it.each([0, 1, 3])(
  "masks for %i layers ahead overwrite none that is still to be read",
  async (ahead) => {
    const backend = createCudaBackend();
    await expectRightLayers(backend, { layers: 12, ahead });
    backend.dispose();
  },
);

it("a long loop holds no more than a short one", async () => {
  const backend = createCudaBackend();
  const operands = prepareLayers(backend);
  const held: number[] = [];
  for (let layer = 0; layer < 50; layer++) {
    runLayer(backend, operands, layer);
    const { inUse, kept } = backend.memory();
    held.push(inUse + kept);
  }
  // Two masks take turns.
  expect(new Set(held.slice(1)).size).toBe(1);
  await backend.flush();
  backend.dispose();
});

it("an aborted scope's masks make way for those of others", async () => {
  const backend = createCudaBackend();
  const controller = new AbortController();
  const scope = backend.scope({ signal: controller.signal });
  const operands = prepareLayers(scope);
  for (let layer = 0; layer < 3; layer++) runLayer(scope, operands, layer);
  controller.abort();
  await expectRightLayers(backend, { layers: 4, ahead: 1 });
  expect(await rejection(scope.flush())).toMatchObject({ name: "AbortError" });
  scope.dispose();
  backend.dispose();
});
