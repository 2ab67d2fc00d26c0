import { createRequire } from "node:module";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { timed } from "../measure/interleave.js";
import { encodeModel } from "../onnx/model.js";
import { modelOf } from "../onnx/operations.js";
import { bytesOf, flopsOf } from "./operation.js";
import type { Peer } from "./peer.js";

export const ONNXRUNTIME = "onnxruntime-node";

/** Its threads go on spinning after a run: over 50 to 75 ms they were seen to use 21 to 33 ms of processor time. */
const SPIN_MS = 100;

/** onnxruntime-node in this process, with its own defaults but for the threads. */
export function onnxruntimePeer(threads: number): Peer {
  const { version } = createRequire(import.meta.url)(`${ONNXRUNTIME}/package.json`) as {
    version: string;
  };
  return {
    name: ONNXRUNTIME,
    version,
    async open(operation, inputs) {
      const model = modelOf(operation, inputs);
      const session = await InferenceSession.create(encodeModel(model), {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
      });
      const feeds = Object.fromEntries(
        Object.entries(model.inputs).map(([name, shape]) => [
          name,
          new Tensor("float32", inputs[name]!, shape),
        ]),
      );
      return {
        contender: {
          ...timed(ONNXRUNTIME, async () => void (await session.run(feeds))),
          settleMs: SPIN_MS,
          rows: { [ONNXRUNTIME]: { flops: flopsOf(operation), bytes: bytesOf(operation) } },
          output: async () => (await session.run(feeds)).output!.data as Float32Array,
        },
        close: () => session.release(),
      };
    },
    close: async () => {},
  };
}
