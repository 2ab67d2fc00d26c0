import type { AttentionReport, AttentionStrategy } from "@paroattn/attention";
import type { Backend, BackendScope, DeviceTensor } from "@paroattn/backend";
import { SELF_LABEL, strategySelfAttention } from "../modules/self-attention.js";
import { uploadFloats } from "../modules/upload.js";
import type { Spans } from "../profile/spans.js";
import { normalNoise } from "../random/normal-noise.js";
import { dynamicGuidance } from "../schedulers/dynamic-guidance.js";
import type { EncodedPrompt } from "./encode-prompts.js";
import type { DiffusionModel, LatentPredictor } from "./model.js";
import { refuseNonFinite } from "./refuse-non-finite.js";
import type { GenerationRequest, PictureRequest } from "./request.js";

export interface DenoiseOptions {
  readonly model: DiffusionModel;
  readonly predictor: LatentPredictor;
  readonly request: GenerationRequest;
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
  /** [pictures, ...latent shape], on the host. */
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
  const { model, predictor, request, pictures, encoded, strategy, warn, spans, onStep } = options;
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
  const predicting = predictor.begin({ backend: loop, texts, request });
  const solver = model.solverSteps(request.steps);
  const { layers, heads, headDim } = predictor;
  const { layout } = predicting;
  const run = await strategy.start({
    backend: loop,
    architecture: model.transformerClass,
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
    const uploadAll = (backend: Backend, parts: readonly Float32Array[]) =>
      uploadFloats(backend, concatenate(parts), pictures.length, ...request.latentShape);
    const initial = pictures.map(({ noise }) => noise());
    let latents = uploadAll(loop, initial);
    const predictions: DeviceTensor[] = [];
    for (const [step, solverStep] of solver.entries()) {
      const { timestep, fromSample, fromOutput, keep, weights } = solverStep;
      using scope = loop.scope({ timed: spans.wanted });
      const advance = async () => {
        const predict = () =>
          predicting.predict({
            backend: scope,
            latents,
            timestep,
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
        let output = await predict();
        while ((await run.stepDone?.({ step, output, backend: scope })) === "again") {
          output.dispose();
          output = await predict();
        }
        const prediction = scope.combine({
          terms: [
            { tensor: latents, factor: fromSample },
            ...guide({ scope, output, request, timestep, factor: fromOutput }),
          ],
        });
        predictions.unshift(scope.keep(prediction));
        // The noise of step i is stream i + 1 of each seed, so that a picture does not depend on those beside it.
        const fresh = () =>
          pictures.map(({ seed }, row) => normalNoise(seed, initial[row]!.length, step + 1));
        const next = scope.combine({
          terms: [
            { tensor: latents, factor: keep },
            ...weights.map((factor, age) => ({ tensor: predictions[age]!, factor })),
            ...(solverStep.noise === 0
              ? []
              : [{ tensor: uploadAll(scope, fresh()), factor: solverStep.noise }]),
          ],
        });
        latents.dispose();
        latents = scope.keep(next);
        const needed = (solver[step + 1]?.weights.length ?? 1) - 1;
        for (const old of predictions.splice(needed)) old.dispose();
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
  request: GenerationRequest;
  timestep: number;
  factor: number;
}): { tensor: DeviceTensor; factor: number }[] {
  const { scope, output, request, timestep, factor } = options;
  if (!request.guided) return [{ tensor: output, factor }];
  const guidance = request.dynamicGuidance
    ? dynamicGuidance({ ...request, timestep })
    : request.guidance;
  const rows = output.shape[0]!;
  const half = (start: number) =>
    scope.slice({ input: output, axis: 0, start, end: start + rows / 2 });
  return [
    { tensor: half(0), factor: factor * (1 - guidance) },
    { tensor: half(rows / 2), factor: factor * guidance },
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
