import type { Backend, DeviceTensor } from "@paroattn/backend";
import { type TokenLayout, tokenCount } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import { biasOfRows, type OrderedMask } from "./sampled-rows.js";

export interface SampledAttentionOptions {
  readonly layout: TokenLayout;
  /** Query tokens to look at, in sequence order. */
  readonly rows: Uint32Array;
  readonly masks: readonly OrderedMask[];
  /** Owns what is kept. */
  readonly backend: Backend;
}

/**
 * Attention of a few query rows with all of their keys, and again under each of several masks: what a mask loses, without
 * computing it (Sparse VideoGen Algorithm 1). A row of a mask is a bias of 0 or -1e30, so that rows of different blocks and
 * masks in different orders go through one call; memory is O(rows * tokens), whatever the heads.
 */
export class SampledAttention implements Disposable {
  readonly #options: SampledAttentionOptions;
  readonly #biases: readonly KeptTensor[];

  constructor(options: SampledAttentionOptions) {
    const { layout, rows, masks, backend } = options;
    this.#options = options;
    this.#biases = masks.map((mask) => {
      using bias = backend.upload(biasOfRows(layout, rows, mask));
      return keepTensor(backend, bias);
    });
  }

  /** Work of one look, as a share of a site's query-key pairs: the rows once without a mask and once for each. */
  get density(): number {
    const { layout, rows } = this.#options;
    return (rows.length * (1 + this.#biases.length)) / tokenCount(layout);
  }

  get bytes(): number {
    return this.#biases.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** [masks][batch * heads]: squared difference from full attention, averaged over rows and channels. */
  async errors(site: AttentionSite, front: AttentionFront): Promise<readonly Float64Array[]> {
    using scope = front.backend.scope();
    const { heads, headDim } = site;
    const { query, key } = front.queryKey();
    const batch = query.shape[0]! * heads;
    using operands = scope.prepareAttention({
      query: this.#rowsOf(scope, query, site),
      key: byHead(scope, key, site),
      value: byHead(scope, front.value(), site),
      heads: 1,
      headDim,
      label: "control",
    });
    const outputs = [{}, ...this.#biases.map((kept) => ({ bias: kept.view(scope) }))].map(
      (masked) => scope.attention({ operands, ...masked }).output,
    );
    const [full, ...masked] = await Promise.all(
      outputs.map(async (output) => toFloat32(await scope.read(output))),
    );
    return masked.map((found) => meanSquares(found, full!, batch));
  }

  /** The sampled rows, [batch * heads, rows, headDim]. */
  #rowsOf(backend: Backend, query: DeviceTensor, site: AttentionSite): DeviceTensor {
    const { rows } = this.#options;
    const [batch, tokens, channels] = query.shape as [number, number, number];
    const ids = Int32Array.from(
      { length: batch * rows.length },
      (_, index) => Math.floor(index / rows.length) * tokens + rows[index % rows.length]!,
    );
    const sampled = backend.embedding({
      table: backend.reshape({ input: query, shape: [batch * tokens, channels] }),
      ids: backend.upload(tensor({ dtype: "i32", shape: [batch, rows.length], data: ids })),
    });
    return byHead(backend, sampled, site);
  }

  [Symbol.dispose](): void {
    for (const bias of this.#biases) bias[Symbol.dispose]();
  }
}

/** [batch, tokens, heads * headDim] to [batch * heads, tokens, headDim], so that all heads share a bias. */
function byHead(
  backend: Backend,
  input: DeviceTensor,
  { heads, headDim }: AttentionSite,
): DeviceTensor {
  const [batch, tokens] = input.shape as [number, number];
  const split = backend.reshape({ input, shape: [batch, tokens, heads, headDim] });
  const turned = backend.permute({ input: split, axes: [0, 2, 1, 3] });
  return backend.reshape({ input: turned, shape: [batch * heads, tokens, headDim] });
}

function meanSquares(found: Float32Array, expected: Float32Array, groups: number): Float64Array {
  const size = found.length / groups;
  const sums = new Float64Array(groups);
  for (let i = 0; i < found.length; i++) {
    sums[Math.floor(i / size)]! += (found[i]! - expected[i]!) ** 2 / size;
  }
  return sums;
}
