import { gatherIndices } from "@paroattn/reorder";
import { invalid } from "./checks.js";
import { isLive, type ResolvedMask } from "./mask.js";
import type { ResolvedPrepareAttention } from "./prepare-attention.js";

/**
 * Refuses a mask that, together with the key lengths, leaves a query row without a live valid key.
 * Throws `InvalidArgumentError` in the name of `attention`. Without short key lengths it costs nothing.
 */
export function checkLiveKeys(options: {
  readonly mask: ResolvedMask;
  readonly operands: ResolvedPrepareAttention;
}): void {
  const { mask, operands } = options;
  const { keyLengths, keyTokens } = operands;
  if (keyLengths === undefined) return;
  const firstTokens = firstTokensOfBlocks(operands);
  for (const [row, length] of keyLengths.entries()) {
    if (length === keyTokens) continue;
    const data = mask.masks[mask.batch === 1 ? 0 : row]!;
    for (let head = 0; head < mask.heads; head++) {
      for (let queryBlock = 0; queryBlock < mask.queryBlocks; queryBlock++) {
        const served = firstTokens[head]!.some(
          (token, keyBlock) => token < length && isLive(data, { head, queryBlock, keyBlock }),
        );
        if (!served) {
          throw invalid(
            { operator: "attention", argument: "mask" },
            `to leave every query one of the ${length} valid keys of batch row ${row}`,
            `none for head ${head}, query block ${queryBlock}`,
          );
        }
      }
    }
  }
}

/** Per head and key block, the smallest sequence index of its keys: the block has a valid key if that is below the length. */
function firstTokensOfBlocks(operands: ResolvedPrepareAttention): readonly Uint32Array[] {
  const { heads, orders, layout, keyPartition } = operands;
  const { starts, blocks } = keyPartition;
  const inOrder = starts.slice(0, blocks);
  if (orders === undefined || layout === undefined) {
    return Array.from({ length: heads }, () => inOrder);
  }
  const perOrder = new Map<string, Uint32Array>();
  return orders.map((order) => {
    const known = perOrder.get(order);
    if (known !== undefined) return known;
    const indices = gatherIndices(layout, order);
    const first = inOrder.map((start, block) =>
      indices.subarray(start, starts[block + 1]).reduce((least, token) => Math.min(least, token)),
    );
    perOrder.set(order, first);
    return first;
  });
}
