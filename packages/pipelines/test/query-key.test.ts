import { type Tensor, tensor } from "@paroattn/tensor";
import { afterAll, expect, it } from "vitest";
import { normedAndRotated } from "../src/modules/query-key.js";
import { normalNoise } from "../src/random/normal-noise.js";
import { createBackend } from "./components.js";
import { expectClose } from "./fixtures.js";

const backend = createBackend();
afterAll(() => backend.dispose());

const [batch, tokens, heads, headDim] = [2, 7, 3, 8] as const;
const random = (seed: number, ...shape: number[]): Tensor<"f32"> => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor({ dtype: "f32", shape, data: normalNoise(seed, count) });
};
const up = (seed: number, ...shape: number[]) => backend.upload(random(seed, ...shape));

const projections = {
  query: up(1, batch, tokens, heads * headDim),
  key: up(2, batch, tokens, heads * headDim),
  value: up(3, batch, tokens, heads * headDim),
};
const angles = normalNoise(4, tokens * (headDim / 2));
const table = (data: Float32Array) =>
  backend.upload(tensor({ dtype: "f32", shape: [tokens, headDim / 2], data }));
const tables = { cos: table(angles.map(Math.cos)), sin: table(angles.map(Math.sin)) };
const weights = { queryWeight: up(5, headDim), keyWeight: up(6, headDim) };
const layer = {
  norm: {
    kind: "layer",
    epsilon: 1e-6,
    ...weights,
    queryBias: up(7, headDim),
    keyBias: up(8, headDim),
  },
} as const;
const rms = { norm: { kind: "rms", epsilon: 1e-5, ...weights } } as const;

it.each([
  ["a layer norm", layer],
  ["an rms norm", rms],
  ["neighbours rotated", { rope: { ...tables, pairing: "interleaved" } }],
  ["halves rotated", { ...rms, rope: { ...tables, pairing: "half" } }],
  ["a norm and a rotation", { ...layer, rope: { ...tables, pairing: "interleaved" } }],
] as const)("queries and keys are those that attention multiplies: %s", async (_, front) => {
  const attend = (options: Parameters<typeof backend.prepareAttention>[0]) =>
    backend.read(backend.attention({ operands: backend.prepareAttention(options) }).output);
  const fused = await attend({ ...projections, ...front, heads, headDim });
  const finished = normedAndRotated({
    backend,
    projections: { ...projections, ...front },
    heads,
    headDim,
  });
  expectClose(await attend({ ...projections, ...finished, heads, headDim }), fused);
});

it("a model without norm and rotation keeps its projections", () => {
  const { query, key } = normedAndRotated({ backend, projections, heads, headDim });
  expect([query, key]).toEqual([projections.query, projections.key]);
});
