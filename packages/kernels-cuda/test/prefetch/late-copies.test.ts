import "../emulated.js";

// Copies begin only when something waits for them: read once, when the emulator starts.
process.env.PAROATTN_EMULATOR_LATE = "copies";

import { it } from "vitest";
import { createCudaBackend } from "../../src/index.js";
import { expectRightLayers, prepareLayers, runLayer } from "./layers.js";

it.each([0, 1, 3])("attention waits for its mask, made %i layers before", async (ahead) => {
  const backend = createCudaBackend();
  await expectRightLayers(backend, { layers: 12, ahead });
  await backend.flush();
  backend.dispose();
});

it("a backend is disposed of while copies wait", async () => {
  const backend = createCudaBackend();
  await expectRightLayers(backend, { layers: 1, ahead: 5 });
  runLayer(backend, prepareLayers(backend), 0);
  backend.dispose();
  // What the first one held goes back in between.
  for (let round = 0; round < 3; round++) {
    const next = createCudaBackend();
    await expectRightLayers(next, { layers: 1, ahead: 0 });
    next.dispose();
  }
});
