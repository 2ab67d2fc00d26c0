// What the fuzzer does with a safetensors file: open it and read everything. A refusal must be an error of ours.

/**
 * @param {typeof import("../../../packages/tensor/src/index.js")} tensorPackage its sources under vitest, its build otherwise
 */
export function createTarget(tensorPackage) {
  const { encodeSafetensors, openSafetensorsBytes, SafetensorsError, tensor } = tensorPackage;
  return {
    name: "safetensors",

    /** @returns {Promise<Uint8Array[]>} */
    async seeds() {
      const f32 = tensor({ dtype: "f32", shape: [2, 3], data: new Float32Array(6) });
      const f16 = tensor({ dtype: "f16", shape: [4], data: new Uint16Array(4) });
      const i32 = tensor({ dtype: "i32", shape: [], data: Int32Array.of(7) });
      const u8 = tensor({ dtype: "u8", shape: [3, 0, 2], data: new Uint8Array(0) });
      const i8 = tensor({ dtype: "i8", shape: [5, 1], data: new Int8Array(5) });
      return [
        encodeSafetensors({ tensors: {} }),
        encodeSafetensors({ tensors: { weight: f32 }, metadata: { format: "pt" } }),
        encodeSafetensors({ tensors: { "a.b": f32, größe: f16, c: i32, 10: u8, "": i8 } }),
      ];
    },

    /**
     * @param {Uint8Array} bytes
     * @returns {Promise<"accepted" | Error>} what became of the bytes
     */
    async run(bytes) {
      let file;
      try {
        file = await openSafetensorsBytes(bytes);
      } catch (error) {
        if (SafetensorsError.isInstance(error)) return error;
        throw error;
      }
      let total = 0;
      for (const name of file.names) {
        const info = file.info(name);
        total += info.byteLength;
        if (info.byteOffset + info.byteLength > bytes.length) throw new Error("past the end");
        try {
          const { data } = await file.read(name);
          if (data.byteLength !== info.byteLength) throw new Error("not the length it says");
        } catch (error) {
          const refused =
            SafetensorsError.isInstance(error) && error.expected.startsWith("a dtype");
          if (!refused) throw error;
        }
      }
      if (total > bytes.length) throw new Error("more data than bytes");
      return "accepted";
    },
  };
}

const build = new URL("../../../packages/tensor/dist/index.js", import.meta.url).href;
let target;

async function built() {
  target ??= createTarget(await import(/* @vite-ignore */ build));
  return target;
}

export const name = "safetensors";
export const seeds = async () => (await built()).seeds();
export const run = async (/** @type {Uint8Array} */ bytes) => {
  await (await built()).run(bytes);
};
