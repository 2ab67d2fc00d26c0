import type { AttentionReport, AttentionStrategy } from "@paroattn/attention";
import type { Backend, BackendScope, DeviceTensor } from "@paroattn/backend";
import { SELF_LABEL, strategySelfAttention } from "../modules/self-attention.js";
import { uploadFloats } from "../modules/upload.js";
import type { Spans } from "../profile/spans.js";
import { dpmSolverSteps } from "../schedulers/dpm-solver-multistep.js";
import type { PixArtTransformer } from "../transformers/pixart-transformer.js";
import { type EncodedPrompt, joinTexts } from "./encode-prompts.js";
import type { PixArtModel } from "./model.js";
import { refuseNonFinite } from "./refuse-non-finite.js";
import type { PictureRequest, PixArtRequest } from "./request.js";

export interface DenoiseOptions {
  readonly model: PixArtModel;
  readonly transformer: PixArtTransformer;
  readonly request: PixArtRequest;
  /** Pictures to draw together. */
  readonly pictures: readonly PictureRequest[];
  readonly encoded: readonly EncodedPrompt[];
  readonly strategy: AttentionStrategy;
  readonly backend: Backend;
  /** The hash of the transformer's weights. */
  readonly fingerprint: () => Promise<string>;
  readonly warn: (message: string) => void;
  readonly spans: Spans;
  /** Told how many steps are done, with the share of the one in work. */
  readonly onStep?: (done: number, steps: number) => void;
}

export interface Denoised {
  /** [pictures, channels, height, width], on the host. */
  readonly latents: Float32Array;
  readonly report: AttentionReport;
  readonly attentionMs: number;
  /** From the first step to the end of the last, without what the strategy does before. */
  readonly loopMs: number;
  /** Steps that the scheduler made. */
  readonly steps: number;
}

/**
 * The sampling loop: one transformer call, guidance and one solver step at a time, a flush after each. Throws
 * `PipelineError` where it ends at something that is no picture.
 */
export async function denoise(options: DenoiseOptions): Promise<Denoised> {
  const { model, transformer, request, pictures, encoded, strategy, warn, spans, onStep } = options;
  const start = performance.now();
  using loop = options.backend.scope({ timed: true });
  const prompts = pictures.map(({ prompt }) => encoded[prompt]!);
  const texts = [
    ...(request.guided ? prompts.map(({ negative }) => negative!) : []),
    ...prompts.map(({ positive }) => positive),
  ];
  const branches = texts.map((_, row) =>
    request.guided && row < pictures.length ? "unconditional" : "conditional",
  );
  const [channels, latentHeight, latentWidth] = request.latentShape;
  const conditions = transformer.condition({
    backend: loop,
    text: joinTexts(loop, texts),
    textLengths: texts.map(({ tokens }) => tokens),
    latentHeight,
    latentWidth,
    height: request.height,
    width: request.width,
  });
  const solver = dpmSolverSteps(model.scheduler, request.steps);
  const {
    num_layers: layers,
    num_attention_heads: heads,
    attention_head_dim: headDim,
  } = transformer.config;
  const { layout } = conditions;
  const run = await strategy.start({
    backend: loop,
    architecture: "PixArtTransformer2DModel",
    weightsFingerprint: options.fingerprint,
    layers,
    heads,
    headDim,
    layout,
    steps: solver.length,
    timesteps: solver.map(({ timestep }) => timestep),
    warn,
  });
  try {
    // What was queued before, such as the text keys, is no part of the loop; some strategies have waited for it already.
    await loop.flush();
    if (spans.wanted) {
      const operators = await loop.timings();
      spans.tell({ name: "prepare", start, end: performance.now(), operators });
    }
    const begin = performance.now();
    /** Of steps that were timed by themselves. */
    let attentionMs = 0;
    let latents = uploadFloats(
      loop,
      concatenate(pictures.map(({ noise }) => noise())),
      pictures.length,
      ...request.latentShape,
    );
    const predictions: DeviceTensor[] = [];
    for (const [step, { timestep, fromSample, fromOutput, keep, weights }] of solver.entries()) {
      using scope = loop.scope({ timed: spans.wanted });
      const advance = async () => {
        const input = request.guided
          ? scope.concat({ inputs: [latents, latents], axis: 0 })
          : latents;
        const output = await transformer.forward({
          backend: scope,
          latents: input,
          timestep,
          conditions,
          attend: strategySelfAttention({
            run,
            heads,
            headDim,
            layout,
            branches,
            step,
            steps: solver.length,
            timestep,
          }),
          ...(onStep && { onLayer: (share: number) => onStep(step + share, solver.length) }),
        });
        // A learned sigma is the second half of the channels; this solver has no use for it.
        const mean = scope.slice({ input: output, axis: 1, start: 0, end: channels });
        const prediction = scope.combine({
          terms: [
            { tensor: latents, factor: fromSample },
            ...guide({ scope, output: mean, request, factor: fromOutput }),
          ],
        });
        predictions.unshift(scope.keep(prediction));
        const next = scope.combine({
          terms: [
            { tensor: latents, factor: keep },
            ...weights.map((factor, age) => ({ tensor: predictions[age]!, factor })),
          ],
        });
        latents.dispose();
        latents = scope.keep(next);
        for (const old of predictions.splice(model.scheduler.solver_order - 1)) old.dispose();
        await scope.flush();
      };
      await spans.part("step", scope, advance);
      if (spans.wanted) attentionMs += await attentionTime(scope);
      onStep?.(step + 1, solver.length);
    }
    const { data } = await loop.read(latents);
    const loopMs = performance.now() - begin;
    refuseNonFinite({
      data: data as Float32Array,
      name: "latents after the last step",
      advice: "try a lower guidance, dense attention, or another checkpoint",
    });
    return {
      latents: data as Float32Array,
      loopMs,
      report: run.report(),
      attentionMs: attentionMs + (await attentionTime(loop)),
      steps: solver.length,
    };
  } finally {
    run.dispose();
  }
}

/** Classifier-free guidance (Ho and Salimans 2022): unconditional + guidance * (conditional - unconditional). */
function guide(options: {
  scope: Backend;
  output: DeviceTensor;
  request: PixArtRequest;
  factor: number;
}): { tensor: DeviceTensor; factor: number }[] {
  const { scope, output, request, factor } = options;
  if (!request.guided) return [{ tensor: output, factor }];
  const rows = output.shape[0]!;
  const half = (start: number) =>
    scope.slice({ input: output, axis: 0, start, end: start + rows / 2 });
  return [
    { tensor: half(0), factor: factor * (1 - request.guidance) },
    { tensor: half(rows / 2), factor: factor * request.guidance },
  ];
}

async function attentionTime(loop: BackendScope): Promise<number> {
  const timings = await loop.timings();
  return ["prepareAttention", "attention"]
    .map((operator) => timings[`${operator}/${SELF_LABEL}`]?.milliseconds ?? 0)
    .reduce((sum, milliseconds) => sum + milliseconds, 0);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
