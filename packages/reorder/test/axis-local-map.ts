import { type TokenLayout, tokenCount, visualStart, visualTokens } from "../src/index.js";

/** A softmax map whose visual tokens attend to the tokens on their own line along one axis, and a little to all others. */
export function axisLocalMap(layout: TokenLayout, axis: string): Float32Array {
  const tokens = tokenCount(layout);
  const first = visualStart(layout);
  const place = (token: number) => {
    const visual = token - first;
    const { height, width } = layout;
    return {
      F: Math.floor(visual / (height * width)),
      H: Math.floor(visual / width) % height,
      W: visual % width,
    };
  };
  const isVisual = (token: number) => token >= first && token < first + visualTokens(layout);
  const map = new Float32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++) {
    const row = map.subarray(query * tokens, (query + 1) * tokens);
    for (let key = 0; key < tokens; key++) {
      const from = place(query);
      const to = place(key);
      const onLine =
        isVisual(query) &&
        isVisual(key) &&
        (["F", "H", "W"] as const).every((name) => name === axis || from[name] === to[name]);
      row[key] = onLine ? 1 : 1e-5;
    }
    const total = row.reduce((sum, entry) => sum + entry, 0);
    row.forEach((entry, key) => {
      row[key] = entry / total;
    });
  }
  return map;
}
