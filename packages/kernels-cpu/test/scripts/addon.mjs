// The addon by itself, for scripts that run in processes and threads of their own, where nothing compiles TypeScript.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const file =
  process.env.PAROATTN_CPU_ADDON ??
  fileURLToPath(new URL("../../build/Release/paroattn_cpu.node", import.meta.url));

export const native = createRequire(import.meta.url)(file);

export function upload(view, ...values) {
  return native.upload(view, new Uint8Array(Float32Array.from(values).buffer));
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

/** One head of attention over 262,144 tokens: minutes of work. */
export function issueLongAttention(view) {
  const tokens = 262_144;
  const query = native.upload(view, new Uint8Array(tokens * 8 * 4));
  const blocks = tokens / 64;
  const starts = Uint32Array.from({ length: blocks + 1 }, (_, block) => block * 64);
  const operands = native.prepareAttention(view, {
    query,
    key: query,
    value: query,
    type: "f32",
    batch: 1,
    queryTokens: tokens,
    keyTokens: tokens,
    heads: 1,
    keyValueHeads: 1,
    headDim: 8,
    scale: 1,
    queryStarts: starts,
    keyStarts: starts,
    queryKeyType: "f32",
    valueType: "f32",
    queryKeyBits: 0,
    valueBits: 0,
    smoothKeys: false,
    rank1Values: false,
    label: "prepareAttention",
  });
  return native.attention(view, { operands, returnLogSumExp: false, label: "attention" }).output;
}
