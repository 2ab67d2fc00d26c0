import { join } from "node:path";
import { parseArgs } from "node:util";
import { type AttentionStrategy, denseAttention, paroAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { compareWithReference, loadPipeline } from "@paroattn/pipelines";
import type { App } from "../app.js";
import { DEFAULT_FPS } from "../files/animation.js";
import { makeFolder } from "../files/make-folder.js";
import { writePicture } from "../files/picture-file.js";
import { DEMO_SEED, defaultGuidance, defaultSteps, modelOf } from "../model.js";
import { DEFAULT_DENSITY } from "../plans/choose-plan.js";
import { samplePlan } from "../plans/sample-plan.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { print } from "../terminal/print.js";
import { createProgress } from "../terminal/progress.js";
import { runCommand, UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";
import { type DemoDrawing, formatDemo } from "./result.js";
import { comparisonSheet } from "./sheet.js";

/**
 * Runs an app's demo: the first held-out prompt of its sample model, which neither the training nor the calibration has seen,
 * with dense attention and with PARO, and both compared. As `runApp`, but for the command line, which has `--out FOLDER`
 * (default: out/demo-video, say) and `--json`.
 */
export async function runDemo(app: App, args: readonly string[]): Promise<void> {
  await runCommand((signal) => demo(app, args, signal), { name: "demo" });
}

function readFlags(app: App, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: "boolean", default: false },
        out: { type: "string", default: `out/demo-${app.kind}` },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nflags: [--out FOLDER] [--json]`);
  }
}

async function demo(app: App, args: readonly string[], signal: AbortSignal): Promise<void> {
  const { json, out } = readFlags(app, args);
  const model = modelOf(app, undefined);
  await makeFolder(out);
  const prompt = (await app.sample!.heldOutPrompts())[0]!;
  const progress = createProgress();
  const backend = createCpuBackend();
  try {
    const warn = warnThrough(progress, app);
    const density = DEFAULT_DENSITY;
    const plan = await samplePlan({ app, density, backend, progress, warn, signal });
    const loadStart = performance.now();
    await using pipeline = await loadPipeline(model, {
      kind: app.kind,
      backend,
      attention: denseAttention(),
      signal,
    });
    const loadMs = performance.now() - loadStart;
    const request = { prompt, seed: DEMO_SEED, guidance: defaultGuidance(app, model), signal };
    const draw = async (attention: AttentionStrategy) => {
      const start = performance.now();
      const { images, report, steps, timings } = await pipeline.generate({
        ...request,
        steps: defaultSteps(app, model),
        attention,
        onProgress: showOn(progress, attention.name),
      });
      const file = join(out, `${attention.name}${app.files.extensions[0]}`);
      await app.files.write(file, images, { fps: DEFAULT_FPS, signal });
      const drawing: DemoDrawing = {
        file,
        density: report.density,
        steps,
        attentionMs: timings.attentionMs,
        loopMs: timings.loopMs,
        totalMs: loadMs + performance.now() - start,
        correct: app.captionRight(images, prompt),
      };
      return { images, drawing };
    };
    // The first steps of a process pay for fresh memory and for oneDNN's kernels; neither side should.
    await pipeline.generate({ ...request, steps: 1, onProgress: showOn(progress, "warm up") });
    const dense = await draw(denseAttention());
    const paro = await draw(paroAttention({ plan }));
    const sheet = join(out, "comparison.png");
    await writePicture(sheet, comparisonSheet(dense.images, paro.images));
    progress.end();
    const result = {
      prompt,
      seed: DEMO_SEED,
      densityAsked: density,
      ...compareWithReference(dense.images, paro.images),
      dense: dense.drawing,
      paro: paro.drawing,
      sheet,
    };
    print(result, json, (told) => formatDemo(app, told, backend.description));
  } finally {
    progress.end();
    backend.dispose();
  }
}
