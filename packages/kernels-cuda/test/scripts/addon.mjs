// The addon by itself, for scripts that run in processes and threads of their own, where nothing compiles TypeScript.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const file =
  process.env.PAROATTN_CUDA_ADDON ??
  fileURLToPath(new URL("../../build/emulated/Release/paroattn_cuda.node", import.meta.url));

export const native = createRequire(import.meta.url)(file);

export function upload(view, ...values) {
  const handle = native.upload(view, new Uint8Array(Float32Array.from(values).buffer));
  return { handle, type: "f32" };
}

/** Reads one f32. */
export async function first(view, handle) {
  const target = new ArrayBuffer(4);
  const failure = await native.read(view, handle, target);
  if (failure !== null) throw new Error(`${failure.operator}: ${failure.message}`);
  return new Float32Array(target)[0];
}

export function add(view, a, b) {
  return native.add(view, { a, b, shape: [1], aShape: [1], bShape: [1] });
}

const tokens = 512;
const heads = 64;
/** Bytes of what `issueLongAttention` makes. */
export const longBytes = tokens * heads * 64 * 4;

/** Attention of many heads: seconds of work for the emulator, which can be stopped between any two. */
export function issueLongAttention(view) {
  const query = { handle: native.upload(view, new Uint8Array(longBytes)), type: "f32" };
  const blocks = tokens / 64;
  const starts = Uint32Array.from({ length: blocks + 1 }, (_, block) => block * 64);
  const rows = native.createRowTable(view, { starts, orders: [new Uint32Array()] });
  const operands = native.prepareAttention(view, {
    query,
    key: query,
    value: query,
    precision: "bf16",
    batch: 1,
    queryTokens: tokens,
    keyTokens: tokens,
    heads,
    keyValueHeads: heads,
    headDim: 64,
    scale: 1,
    queryRows: rows,
    keyRows: rows,
    label: "prepareAttention",
  });
  return native.attention(view, { operands, returnLogSumExp: false, label: "attention" }).output;
}
