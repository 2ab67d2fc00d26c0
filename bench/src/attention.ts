import type { Backend, DeviceMask } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { partitionTokens, randomMask } from "@paroattn/sparse-masks";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Contender, interleave } from "./interleave.js";
import { multiHeadAttentionModel } from "./onnx/attention-model.js";

export interface AttentionCase {
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
  readonly densities: readonly number[];
}

/** One line of `npm run bench -- attention --json`. */
export interface AttentionLine {
  readonly case: string;
  readonly implementation: string;
  /** Best of the rounds, in milliseconds: front, attention and, for onnxruntime-node, its own copies. */
  readonly ms: number;
  readonly medianMs: number;
  /** Of the work that dense attention would do at this density: 4 * heads * tokens² * headDim * density / ms. */
  readonly gflops: number;
  /** Time of `against` / time of this line; above 1 this line is the faster one. */
  readonly ratio: number;
  readonly against: string;
  readonly threads: number;
}

export const ATTENTION_CASES: readonly AttentionCase[] = [
  { heads: 8, tokens: 1024, headDim: 64, densities: [] },
  { heads: 8, tokens: 4096, headDim: 64, densities: [0.5, 0.3, 0.2] },
  { heads: 8, tokens: 4096, headDim: 128, densities: [0.3] },
];

const PEER = "onnxruntime-node MultiHeadAttention";

function randomTensor(length: number, seed: number): Float32Array {
  // A plain linear congruential generator: the values only have to be ordinary.
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

async function onnxContender(options: AttentionCase & { inputs: Float32Array[]; threads: number }) {
  const { heads, tokens, headDim, inputs, threads } = options;
  const session = await InferenceSession.create(
    multiHeadAttentionModel({ heads, tokens, headDim }),
    {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    },
  );
  const [query, key, value] = inputs.map(
    (data) => new Tensor("float32", data, [1, tokens, heads * headDim]),
  );
  const feeds = { query: query!, key: key!, value: value! };
  return {
    output: async () => (await session.run(feeds)).output!.data as Float32Array,
    contender: { name: PEER, run: async () => void (await session.run(feeds)) } satisfies Contender,
    release: () => session.release(),
  };
}

function ourContender(options: {
  name: string;
  backend: Backend;
  tensors: ReturnType<Backend["upload"]>[];
  heads: number;
  headDim: number;
  mask?: DeviceMask;
}) {
  const [query, key, value] = options.tensors;
  const attend = () => {
    const scope = options.backend.scope();
    const operands = scope.prepareAttention({
      query: query!,
      key: key!,
      value: value!,
      heads: options.heads,
      headDim: options.headDim,
    });
    const { output } = scope.attention({ operands, ...(options.mask && { mask: options.mask }) });
    return { scope, output };
  };
  return {
    output: async () => {
      const { scope, output } = attend();
      const { data } = await scope.read(output);
      scope.dispose();
      return data as Float32Array;
    },
    contender: {
      name: options.name,
      run: async () => {
        const { scope } = attend();
        await scope.flush();
        scope.dispose();
      },
    } satisfies Contender,
  };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/**
 * Our dense and block-sparse attention beside onnxruntime-node's MultiHeadAttention on the same tensors,
 * interleaved. Throws if the two dense outputs differ: a fast wrong answer has no time.
 */
export async function* benchAttention(options: {
  readonly cases: readonly AttentionCase[];
  readonly threads: number;
  readonly rounds: number;
  readonly onProgress: (done: number, total: number) => void;
}): AsyncGenerator<AttentionLine> {
  const backend = createCpuBackend({ threads: options.threads });
  const total = options.cases.length * (options.rounds + 1);
  for (const [caseIndex, attentionCase] of options.cases.entries()) {
    const { heads, tokens, headDim, densities } = attentionCase;
    const inputs = [1, 2, 3].map((seed) => randomTensor(tokens * heads * headDim, seed));
    const shape = [1, tokens, heads * headDim];
    const tensors = inputs.map((data) => backend.upload({ dtype: "f32", shape, data }));
    const peer = await onnxContender({ ...attentionCase, inputs, threads: options.threads });
    const dense = ourContender({ name: "paroattn dense", backend, tensors, heads, headDim });
    const difference = largestDifference(await peer.output(), await dense.output());
    if (!(difference < 1e-4)) {
      throw new Error(
        `Expected dense outputs within 1e-4 of ${PEER} but found a difference of ${difference}`,
      );
    }
    const { blocks } = partitionTokens(tokens);
    const masks = densities.map((density) =>
      backend.prepareMask(
        randomMask({ heads, queryBlocks: blocks, keyBlocks: blocks, density, seed: 7 }),
      ),
    );
    const sparse = masks.map((mask, index) =>
      ourContender({
        name: `paroattn sparse ${densities[index]}`,
        backend,
        tensors,
        heads,
        headDim,
        mask,
      }),
    );
    const timings = await interleave({
      contenders: [peer.contender, dense.contender, ...sparse.map(({ contender }) => contender)],
      rounds: options.rounds,
      onRound: (round) => options.onProgress(caseIndex * (options.rounds + 1) + round + 1, total),
    });
    const [peerMs, denseMs] = timings.map(({ bestMs }) => bestMs);
    for (const [index, { name, bestMs, medianMs }] of timings.entries()) {
      const density = index < 2 ? 1 : densities[index - 2]!;
      yield {
        case: `${heads} heads x ${tokens} tokens x ${headDim}`,
        implementation: name,
        ms: bestMs,
        medianMs,
        gflops: (4 * heads * tokens ** 2 * headDim * density) / bestMs / 1e6,
        ratio: (index < 2 ? peerMs! : denseMs!) / bestMs,
        against: index < 2 ? PEER : "paroattn dense",
        threads: options.threads,
      };
    }
    for (const resource of [...tensors, ...masks]) resource.dispose();
    await peer.release();
  }
  backend.dispose();
}
