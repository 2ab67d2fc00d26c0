// Times indices and row copies for CogVideoX's sequence against a plain copy, interleaved, best of 20.
// Build first: pnpm --filter @paroattn/reorder build && pnpm --filter @paroattn/reorder bench
import * as reorder from "@paroattn/reorder";

const layout = reorder.videoLayout({ frames: 13, height: 30, width: 45, textTokens: 226 });
const tokens = reorder.tokenCount(layout);

/** Runs all candidates in turn and returns the best time of each, in milliseconds. */
function time(candidates) {
  const best = {};
  for (let round = 0; round < 20; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = performance.now();
      run();
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, performance.now() - start);
    }
  }
  return best;
}

for (const order of reorder.axisOrders(layout)) {
  const { gather } = time({ gather: () => reorder.gatherIndices(layout, order) });
  console.log(JSON.stringify({ case: "gatherIndices", order, tokens, ms: gather }));
}
for (const rowLength of [64, 128, 1152]) {
  const data = new Float32Array(tokens * rowLength).fill(1);
  const out = new Float32Array(data.length);
  for (const order of ["HFW", "HWF"]) {
    const indices = reorder.gatherIndices(layout, order);
    const { copy, apply, restore } = time({
      copy: () => out.set(data),
      apply: () => reorder.applyOrder({ data, indices, rowLength, out }),
      restore: () => reorder.restoreOrder({ data, indices, rowLength, out }),
    });
    const speeds = { applyOfCopySpeed: copy / apply, restoreOfCopySpeed: copy / restore };
    console.log(JSON.stringify({ case: "rows", order, rowLength, copyMs: copy, ...speeds }));
  }
}
