import { refuse } from "./errors.js";
import { type TokenLayout, tokenCount, videoLayout, visualStart, visualTokens } from "./layout.js";
import { type AxisOrder, assertOrder } from "./order.js";

/**
 * Where each token of the reordered sequence comes from: `reordered[i] = original[indices[i]]`.
 * Covers the whole sequence; text tokens keep their places. The native order gives 0, 1, 2, ...
 *
 * Throws a `ReorderError` for an order that the layout does not have, and for a layout made by hand that `videoLayout` would refuse.
 *
 * @example gatherIndices(imageLayout({ height: 2, width: 3 }), "WH") // 0 3 1 4 2 5
 */
export function gatherIndices(layout: TokenLayout, order: AxisOrder): Uint32Array {
  // Plain data, which may come from a file: with a size missing there would be no indices, and no word about it.
  const checked = videoLayout(layout);
  assertOrder(checked, order);
  const { frames, height, width } = checked;
  const axes = {
    F: { size: frames, stride: height * width },
    H: { size: height, stride: width },
    W: { size: width, stride: 1 },
  };
  const [slow, middle, fast] = (order.length === 2 ? `F${order}` : order).split("") as AxisName[];
  const outer = axes[slow as AxisName];
  const between = axes[middle as AxisName];
  const inner = axes[fast as AxisName];

  const indices = new Uint32Array(tokenCount(checked));
  const start = visualStart(checked);
  const end = start + visualTokens(checked);
  for (let i = 0; i < start; i++) indices[i] = i;
  for (let i = end; i < indices.length; i++) indices[i] = i;
  let at = start;
  for (let i = 0; i < outer.size; i++) {
    for (let j = 0; j < between.size; j++) {
      let token = start + i * outer.stride + j * between.stride;
      for (let k = 0; k < inner.size; k++) {
        indices[at++] = token;
        token += inner.stride;
      }
    }
  }
  return indices;
}

type AxisName = "F" | "H" | "W";

/**
 * The inverse of a permutation: `inverse[indices[i]] = i`, so that `original[j] = reordered[inverse[j]]`.
 * Throws a `ReorderError` where an index is out of range or stands twice.
 */
export function invertIndices(indices: Uint32Array): Uint32Array {
  const { length } = indices;
  // `length` is no valid position, so it marks the places that nothing has claimed yet.
  const inverse = new Uint32Array(length).fill(length);
  for (let i = 0; i < length; i++) {
    const token = indices[i] as number;
    if (token >= length) refuse(`an index below ${length} at position ${i}`, token);
    if (inverse[token] !== length) refuse(`each index once, so none twice (position ${i})`, token);
    inverse[token] = i;
  }
  return inverse;
}
