import type { AttentionReport, AttentionStrategy } from "@paroattn/attention";
import { tensor } from "@paroattn/tensor";
import type { Picture } from "../fidelity/picture.js";
import type { GenerateOptions, GenerateProgress, GenerateResult } from "../pipeline.js";
import { createSpans } from "../profile/spans.js";
import { useComponent } from "../profile/use-component.js";
import { type Denoised, denoise } from "./denoise.js";
import { encodePrompts } from "./encode-prompts.js";
import type { DiffusionModel, LatentDecoder, LatentPredictor } from "./model.js";
import type { GenerationRequest } from "./request.js";

/** Prompts to pictures or videos: text, denoising, decoding. Upstream: `__call__` of diffusers' pipelines. */
export async function generate(
  model: DiffusionModel,
  options: GenerateOptions & { readonly attention: AttentionStrategy },
): Promise<GenerateResult> {
  const { attention: strategy, onProgress, onWarning, signal } = options;
  signal?.throwIfAborted();
  const begin = performance.now();
  const request = model.checkRequest(options);
  const warn = onceEach(onWarning);
  const abort = signal === undefined ? {} : { signal };
  using backend = model.backend.scope(abort);
  const spans = createSpans(options.onSpan);
  using reports = reportsTo(onProgress);
  const { report } = reports;
  const watch = (stage: "load" | "fingerprint") => ({
    ...abort,
    onBytes: (done: number, total: number) => report?.(stage, done, total),
  });

  const encoded = await spans.stage("text", () =>
    encodePrompts({
      model,
      request,
      backend,
      loading: watch("load"),
      warn,
      spans,
      ...(report && {
        onPrompt: (done: number) => report("text", done, request.prompts.length),
      }),
    }),
  );
  const textEnd = performance.now();

  const batches = batchesOf(request);
  const drawAll = async (predictor: LatentPredictor) => {
    const results: Denoised[] = [];
    const fingerprint = () => model.denoiser.fingerprint(watch("fingerprint"));
    const common = { model, predictor, request, encoded, strategy, backend, warn, spans };
    report?.("denoise", 0, batches.length * request.steps);
    for (const [index, pictures] of batches.entries()) {
      const onStep = (done: number, steps: number) =>
        report?.("denoise", index * steps + done, batches.length * steps);
      const options = { ...common, fingerprint, pictures, ...(report && { onStep }) };
      results.push(await denoise(options));
    }
    return results;
  };
  const denoised = await spans.stage("denoise", () =>
    useComponent({
      component: model.denoiser,
      name: "transformer",
      spans,
      loading: watch("load"),
      task: drawAll,
    }),
  );

  const decodeBegin = performance.now();
  const latents = joinLatents(denoised, request);
  const size = latents.length / request.pictures.length;
  const decodeAll = async (decoder: LatentDecoder) => {
    const pictures: Picture[] = [];
    for (const index of request.pictures.keys()) {
      const onLayer = (share: number) => report?.("decode", index + share, request.pictures.length);
      onLayer(0);
      const part = latents.subarray(index * size, (index + 1) * size);
      using scope = backend.scope({ timed: spans.wanted });
      const options = { backend: scope, latents: part, request, ...(report && { onLayer }) };
      pictures.push(...(await spans.part("picture", scope, () => decoder.decode(options))));
    }
    return pictures;
  };
  const images = await spans.stage("decode", () =>
    useComponent({
      component: model.decoder,
      name: "vae",
      spans,
      loading: watch("load"),
      task: decodeAll,
    }),
  );
  report?.("decode", request.pictures.length, request.pictures.length);
  const end = performance.now();
  return {
    images,
    frames: request.frames,
    seeds: request.pictures.map(({ seed }) => seed),
    steps: denoised[0]!.steps,
    report: joinReports(denoised, batches),
    timings: {
      textMs: textEnd - begin,
      attentionMs: denoised.reduce((sum, { attentionMs }) => sum + attentionMs, 0),
      loopMs: denoised.reduce((sum, { loopMs }) => sum + loopMs, 0),
      decodeMs: end - decodeBegin,
      totalMs: end - begin,
    },
    latents: tensor({
      dtype: "f32",
      shape: [request.pictures.length, ...request.latentShape],
      data: latents,
    }),
  };
}

/** Reports until it is disposed of: of the layers before one that failed, some would be told of after the failure. */
function reportsTo(onProgress: GenerateOptions["onProgress"]) {
  let open = true;
  const report =
    onProgress &&
    ((stage: GenerateProgress["stage"], done: number, steps: number) => {
      if (open) onProgress({ stage, step: Math.floor(done), steps, done: done / steps });
    });
  return {
    report,
    [Symbol.dispose]: () => {
      open = false;
    },
  };
}

function batchesOf({ pictures, batchSize }: GenerationRequest) {
  const count = Math.ceil(pictures.length / batchSize);
  return Array.from({ length: count }, (_, i) =>
    pictures.slice(i * batchSize, (i + 1) * batchSize),
  );
}

function joinLatents(denoised: readonly Denoised[], { pictures, latentShape }: GenerationRequest) {
  const size = latentShape.reduce((product, length) => product * length, 1);
  const all = new Float32Array(pictures.length * size);
  let offset = 0;
  for (const { latents } of denoised) {
    all.set(latents, offset);
    offset += latents.length;
  }
  return all;
}

/** The density of a call: the mean over its pictures, which all have the same number of pairs. */
function joinReports(
  denoised: readonly Denoised[],
  batches: readonly (readonly unknown[])[],
): AttentionReport {
  const pictures = batches.reduce((sum, batch) => sum + batch.length, 0);
  const density = denoised.reduce(
    (sum, { report }, index) => sum + (report.density * batches[index]!.length) / pictures,
    0,
  );
  return { ...denoised[0]!.report, density };
}

/** Tells each message once. */
function onceEach(onWarning: GenerateOptions["onWarning"]): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.has(message)) return;
    told.add(message);
    onWarning?.(message);
  };
}
