import { createCpuBackend } from "@paroattn/kernels-cpu";
import { afterAll, describe, it } from "vitest";
import { measureCase } from "../src/measure/case.js";
import { onnxruntimePeer } from "../src/peers/onnxruntime.js";
import type { Operation } from "../src/peers/operation.js";
import { inputsOf, uploadInputs } from "../src/suites/layers/inputs.js";
import { issue } from "../src/suites/layers/issue.js";
import { openWithPeers } from "../src/suites/open-with-peers.js";
import { ourContender } from "../src/suites/our-contender.js";

const OPERATIONS: readonly Exclude<Operation, { kind: "attention" }>[] = [
  { kind: "linear", rows: 5, inputs: 24, outputs: 40 },
  { kind: "linear", rows: 5, inputs: 24, outputs: 40, activation: "geluTanh" },
  { kind: "adaptiveLayerNorm", tokens: 7, channels: 48 },
  { kind: "rmsNorm", tokens: 7, channels: 48 },
  { kind: "groupNormSilu", groups: 4, channels: 16, height: 6, width: 5 },
  { kind: "activate", activation: "silu", rows: 3, channels: 33 },
  { kind: "activate", activation: "gelu", rows: 3, channels: 33 },
  { kind: "conv3x3", inputs: 6, outputs: 10, height: 7, width: 9 },
];

describe("onnxruntime-node is asked for what our backend is asked for", () => {
  const backend = createCpuBackend({ threads: 1 });
  afterAll(() => backend.dispose());
  const peer = onnxruntimePeer(1);

  it.each(OPERATIONS)("$kind $activation", async (operation) => {
    const inputs = inputsOf(operation);
    const tensors = uploadInputs(backend, operation, inputs);
    const open = async () => {
      const opened = await openWithPeers({
        operation,
        inputs,
        peers: [peer],
        first: [],
        ours: [
          ourContender({
            name: "ours",
            backend,
            info: {},
            issue: (scope) => issue(scope, operation, tensors),
          }),
        ],
        close: async () => {},
      });
      if (opened.contenders.length !== 2) throw new Error(opened.notes?.join());
      return opened;
    };
    // Throws where the results differ.
    await measureCase(
      { name: operation.kind, rounds: 1, seconds: 1, open },
      { rounds: 1, onRound() {} },
    );
  });
});
