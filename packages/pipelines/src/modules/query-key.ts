import type {
  Backend,
  DeviceTensor,
  PrepareAttentionOptions,
  RotaryEmbedding,
} from "@paroattn/backend";

/** What self-attention starts from: projections, [batch, tokens, heads * headDim], and what is done to queries and keys. */
export type Projections = Pick<
  PrepareAttentionOptions,
  "query" | "key" | "value" | "norm" | "rope"
>;

/** Queries and keys as attention multiplies them, after their norm and rotation, [batch, tokens, heads * headDim]. */
export function normedAndRotated(options: {
  readonly backend: Backend;
  readonly projections: Projections;
  readonly heads: number;
  readonly headDim: number;
}): { query: DeviceTensor; key: DeviceTensor } {
  const { backend, heads, headDim } = options;
  const { query, key, norm, rope } = options.projections;
  const finish = (projection: DeviceTensor, weight?: DeviceTensor, bias?: DeviceTensor) => {
    if (norm === undefined && rope === undefined) return projection;
    const [batch, tokens] = projection.shape as [number, number, number];
    const input = backend.reshape({ input: projection, shape: [batch, tokens, heads, headDim] });
    const affine = { ...(weight && { weight }), ...(bias && { bias }) };
    const normed =
      norm === undefined
        ? input
        : norm.kind === "layer"
          ? backend.layerNorm({ input, epsilon: norm.epsilon, ...affine })
          : backend.rmsNorm({ input, epsilon: norm.epsilon, ...affine });
    const output = rope === undefined ? normed : rotate(backend, normed, rope);
    return backend.reshape({ input: output, shape: projection.shape });
  };
  return {
    query: finish(query, norm?.queryWeight, norm?.queryBias),
    key: finish(key, norm?.keyWeight, norm?.keyBias),
  };
}

/** `input` is [batch, tokens, heads, headDim]. */
function rotate(backend: Backend, input: DeviceTensor, rope: RotaryEmbedding): DeviceTensor {
  const [batch, tokens, heads, headDim] = input.shape as [number, number, number, number];
  const half = headDim / 2;
  const [pairs, axis, table] =
    rope.pairing === "interleaved"
      ? [[batch, tokens, heads, half, 2], 4, [tokens, 1, half, 1]]
      : [[batch, tokens, heads, 2, half], 3, [tokens, 1, 1, half]];
  const paired = backend.reshape({ input, shape: pairs });
  const part = (start: number) => backend.slice({ input: paired, axis, start, end: start + 1 });
  const [a, b] = [part(0), part(1)];
  const turned = backend.concat({
    inputs: [backend.combine({ terms: [{ tensor: b, factor: -1 }] }), a],
    axis,
  });
  const by = (tensor: DeviceTensor) => backend.reshape({ input: tensor, shape: table });
  const rotated = backend.add({
    a: backend.multiply({ a: paired, b: by(rope.cos) }),
    b: backend.multiply({ a: turned, b: by(rope.sin) }),
  });
  return backend.reshape({ input: rotated, shape: input.shape });
}
