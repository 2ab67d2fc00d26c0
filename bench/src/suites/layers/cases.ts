import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { COPY, FMA_CEILING, MachineLimits, ONEDNN } from "../../peers/limits.js";
import { ONNXRUNTIME } from "../../peers/onnxruntime.js";
import { bytesOf, flopsOf, type Operation } from "../../peers/operation.js";
import { TORCH } from "../../peers/torch.js";
import { openWithPeers } from "../open-with-peers.js";
import { ourContender } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { inputsOf, uploadInputs } from "./inputs.js";
import { issue } from "./issue.js";
import { LAYERS } from "./sizes.js";

const OURS = "paroattn";

/** `npm run bench -- layers`: what a transformer and an autoencoder are made of beside attention. */
export function layerCases({ threads, peers }: SuiteContext): BenchCase[] {
  return LAYERS.map(({ name, operation, rounds }) => {
    if (operation.kind === "attention") throw new Error("Attention has a suite of its own");
    const flops = flopsOf(operation);
    const bytes = bytesOf(operation);
    return {
      name,
      rounds,
      seconds: (flops === undefined ? bytes / 5e9 : flops / 3e11) * (2 + peers.length) + 0.05,
      async open() {
        const inputs = inputsOf(operation);
        const backend = createCpuBackend({ threads });
        const tensors = uploadInputs(backend, operation, inputs);
        const limits = new MachineLimits(threads);
        const ours = ourContender({
          name: OURS,
          backend,
          info: {
            flops,
            bytes,
            comparisons: [
              { against: ONNXRUNTIME, as: "speed" },
              { against: TORCH, as: "speed" },
              { against: ONEDNN, as: "speed" },
              flops === undefined
                ? { against: COPY, as: "cost" }
                : { against: FMA_CEILING, as: "rate" },
            ],
          },
          issue: (scope) => issue(scope, operation, tensors),
        });
        return openWithPeers({
          operation,
          inputs,
          peers,
          first: await limitsOf(limits, operation),
          ours: [ours],
          async close() {
            await limits.close();
            backend.dispose();
          },
        });
      },
    };
  });
}

/** What the operation is held against: multiply-adds for products, a copy of its bytes for the rest. */
async function limitsOf(limits: MachineLimits, operation: Operation) {
  if (operation.kind === "linear") {
    const { rows, inputs, outputs } = operation;
    return [await limits.fma(), await limits.matmul(rows, inputs, outputs)];
  }
  if (flopsOf(operation) !== undefined) return [await limits.fma()];
  return [await limits.copy(bytesOf(operation) / 2)];
}
