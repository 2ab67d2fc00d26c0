import {
  type AttentionStrategy,
  denseAttention,
  makePlans,
  type Plan,
  paroAttention,
} from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { compareWithReference, loadPipeline, type Picture } from "@paroattn/pipelines";
import { checkCaption, checkpointFolder, readPrompts } from "@paroattn/sample-image";

/** One line of `npm run bench -- reorder --json`: one density, with the chosen orders or with the native one. */
export interface ReorderLine {
  readonly orders: "chosen" | "native";
  readonly density: number;
  readonly densityMet: number;
  /** Against the dense picture of the same prompt and seed, in dB. */
  readonly psnr: Spread;
  readonly ssim: Spread;
  readonly cosine: Spread;
  /** Pictures that the caption checker calls right; dense had `denseRight`. */
  readonly right: number;
  readonly denseRight: number;
  readonly pictures: number;
}

export interface Spread {
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** How many heads chose each order, per layer. */
export interface OrderHistogram {
  readonly layers: readonly Readonly<Record<string, number>>[];
}

const DENSITIES = [0.5, 0.3, 0.2];
const CALIBRATION_SEED = 1_000_000;
const EVALUATION_SEED = 1;

function spread(values: readonly number[]): Spread {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    minimum: Math.min(...values),
    maximum: Math.max(...values),
  };
}

function histogram(plan: Plan): OrderHistogram {
  return {
    layers: plan.orders.map((heads) => {
      const counts: Record<string, number> = {};
      for (const order of heads) counts[order] = (counts[order] ?? 0) + 1;
      return counts;
    }),
  };
}

/**
 * The sample model with and without reorder. Each side's masks are calibrated for its own order, on the same
 * calibration prompts; held-out prompts judge.
 */
export async function* benchReorder(options: {
  readonly threads: number;
  /** Held-out prompts to draw. */
  readonly pictures: number;
  readonly onProgress: (stage: string, done: number) => void;
}): AsyncGenerator<ReorderLine | OrderHistogram> {
  const backend = createCpuBackend({ threads: options.threads });
  const prompts = (await readPrompts("calibration")).slice(0, 2);
  const seeds = prompts.map((_, index) => CALIBRATION_SEED + index);
  await using pipeline = await loadPipeline(checkpointFolder, {
    backend,
    attention: denseAttention(),
  });
  const calibrate = (forcedOrders?: "native") =>
    makePlans({
      densities: DENSITIES,
      prompts,
      seeds,
      ...(forcedOrders && { forcedOrders }),
      onProgress: ({ pass, passes, fraction }) =>
        options.onProgress(
          `calibrate ${forcedOrders ?? "chosen"} orders`,
          (pass - 1 + fraction) / passes,
        ),
      generate: async (attention) => {
        for (const [index, prompt] of prompts.entries()) {
          await pipeline.generate({ prompt, seed: seeds[index]!, attention });
        }
      },
    });
  const chosen = await calibrate();
  yield histogram(chosen[0]!);
  const native = await calibrate("native");

  const evaluation = (await readPrompts("heldoutOne")).slice(0, options.pictures);
  const draw = async (prompt: string, index: number, attention: AttentionStrategy) => {
    const seed = EVALUATION_SEED + index;
    const { images, report } = await pipeline.generate({ prompt, seed, attention });
    const image = images[0]!;
    return { image, density: report.density, right: checkCaption(image, prompt).correct };
  };
  const dense: { image: Picture; right: boolean }[] = [];
  for (const [index, prompt] of evaluation.entries()) {
    options.onProgress("dense", index / evaluation.length);
    dense.push(await draw(prompt, index, denseAttention()));
  }
  for (const [index, density] of DENSITIES.entries()) {
    for (const [orders, plans] of [
      ["chosen", chosen],
      ["native", native],
    ] as const) {
      const attention = paroAttention({ plan: plans[index]! });
      const drawn = [];
      for (const [picture, prompt] of evaluation.entries()) {
        options.onProgress(`density ${density}, ${orders} orders`, picture / evaluation.length);
        drawn.push(await draw(prompt, picture, attention));
      }
      const fidelity = drawn.map(({ image }, picture) =>
        compareWithReference(dense[picture]!.image, image),
      );
      yield {
        orders,
        density,
        densityMet: spread(drawn.map((one) => one.density)).mean,
        psnr: spread(fidelity.map(({ psnr }) => psnr)),
        ssim: spread(fidelity.map(({ ssim }) => ssim)),
        cosine: spread(fidelity.map(({ cosine }) => cosine)),
        right: drawn.filter(({ right }) => right).length,
        denseRight: dense.filter(({ right }) => right).length,
        pictures: evaluation.length,
      };
    }
  }
  backend.dispose();
}
