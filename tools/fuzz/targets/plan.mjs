// What the fuzzer does with a plan file: parse it, and look at what was accepted. A refusal must be a PlanError.

/**
 * @param {typeof import("../../../packages/attention/src/index.js")} attentionPackage its sources under vitest, its build otherwise
 */
export function createTarget(attentionPackage) {
  const { encodePlan, parsePlan, PlanError, planMask } = attentionPackage;
  return {
    name: "plan",

    /** @returns {Promise<Uint8Array[]>} */
    async seeds() {
      return [samplePlan(0), samplePlan(70)].map(encodePlan);
    },

    /**
     * @param {Uint8Array} bytes
     * @returns {Promise<"accepted" | Error>} what became of the bytes
     */
    async run(bytes) {
      let plan;
      try {
        plan = await parsePlan(bytes);
      } catch (error) {
        if (PlanError.isInstance(error)) return error;
        throw error;
      }
      if (plan.orders.length !== plan.layers) throw new Error("orders for other layers");
      if (plan.orders.some((heads) => heads.length !== plan.heads)) {
        throw new Error("orders for other heads");
      }
      for (let bucket = 0; bucket < plan.buckets.steps.length; bucket++) {
        for (let layer = 0; layer < plan.layers; layer++) {
          planMask(plan, { bucket, layer }).validate();
        }
      }
      return "accepted";
    },
  };
}

/** A plan for 9x9 visual tokens behind some text: two layers of two heads, two buckets, full masks. */
function samplePlan(textTokens) {
  const blocks = 2 + Math.ceil(textTokens / 64);
  const bits = Uint8Array.from({ length: Math.ceil(blocks ** 2 / 8) }, (_, byte) =>
    byte * 8 + 8 <= blocks ** 2 ? 255 : 2 ** (blocks ** 2 % 8) - 1,
  );
  return {
    architecture: "PixArtTransformer2DModel",
    weightsFingerprint: "00ff",
    layers: 2,
    heads: 2,
    layout: { frames: 1, height: 9, width: 9, textTokens, textPosition: "before" },
    blockSize: 64,
    buckets: { boundaries: [500], steps: [1, 3] },
    orders: [
      ["HW", "WH"],
      ["WH", "WH"],
    ],
    masks: Uint8Array.from({ length: 8 * bits.length }, (_, byte) => bits[byte % bits.length]),
    criterion: { kind: "globalBudget", threshold: 0.25, tieShare: 1, floor: 0.5 },
    density: { asked: 1, met: 1 },
    precision: { qk: "f32", pv: "f32" },
    scoring: { orders: "chosen", alpha: 0.5, sigma: 0.9, epsilon: 0.001 },
    calibration: { prompts: ["a"], seeds: [1] },
    packages: { "@paroattn/attention": "0.0.0" },
  };
}

const build = new URL("../../../packages/attention/dist/index.js", import.meta.url).href;
let target;

async function built() {
  target ??= createTarget(await import(/* @vite-ignore */ build));
  return target;
}

export const name = "plan";
export const seeds = async () => (await built()).seeds();
export const run = async (/** @type {Uint8Array} */ bytes) => {
  await (await built()).run(bytes);
};
