import { basename, join, resolve } from "node:path";
import { denseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { writeFileAtomically } from "@paroattn/tensor";
import type { App } from "../app.js";
import type { Context } from "../context.js";
import { subjectDrawer } from "../evaluate/draw-subject.js";
import { settingsFor } from "../evaluate/settings-for.js";
import { cacheFolder } from "../files/cache-folder.js";
import { checkWritable } from "../files/check-writable.js";
import { localModel } from "../hub/local-model.js";
import { isSampleModel } from "../model.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";
import { readDocument, writeTables } from "./document.js";
import { type Experiment, openExperiment } from "./experiment.js";
import { Measurement } from "./measurement.js";
import { plansOfRows } from "./plans.js";
import { type ReproduceFlags, type Request, readRequest } from "./request.js";
import { type Reproduction, readReproduction, resultOf } from "./result.js";

/**
 * `reproduce`: the paper's experiment on one model, or the result of one that was saved; written to `--save` and into the
 * tables of `--tables` where these are given.
 */
export async function reproduce(
  app: App,
  flags: ReproduceFlags,
  signal: AbortSignal,
): Promise<Reproduction> {
  const { from, save, tables } = flags;
  if (from !== undefined && save !== undefined) {
    throw new UsageError("Expected no --save with --from, which measures nothing");
  }
  // Before hours of work rather than after them.
  if (save !== undefined) await checkWritable(resolve(save));
  if (tables !== undefined) await readDocument(tables);
  if (from !== undefined) {
    const result = await readReproduction(from);
    if (tables !== undefined) await writeTables(tables, result);
    return result;
  }
  const request = await readRequest(app, flags);
  const progress = createProgress();
  const warn = warnThrough(progress, app);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const context: Context = { app, backend, progress, warn, signal };
    const result = await measured(request, flags, context);
    if (save !== undefined) {
      await writeFileAtomically(resolve(save), { data: `${JSON.stringify(result, null, 1)}\n` });
    }
    if (tables !== undefined) await writeTables(tables, result);
    return result;
  } finally {
    progress.end();
    backend.dispose();
  }
}

/** Measures what the experiment's folder does not have. A stop keeps what is finished, and says so. */
async function measured(
  { model, ...request }: Request,
  flags: ReproduceFlags,
  context: Context,
): Promise<Reproduction> {
  const { app, backend, progress, warn, signal } = context;
  const { rows, looks, prompts, seeds } = request;
  const folder = await localModel(model, context);
  const experiment: Experiment = {
    ...(await settingsFor({ model: folder, flags }, context)),
    prompts,
    seeds,
    calibration: request.calibration,
  };
  const store = await openExperiment(
    resolve(flags.work ?? join(cacheFolder(), "reproduce")),
    experiment,
  );
  await using pipeline = await loadPipeline(folder, {
    kind: app.kind,
    backend,
    attention: denseAttention(),
    signal,
  });
  const draw = subjectDrawer({ pipeline, settings: experiment, warn, signal });
  try {
    const onProgress = progress.update;
    const { plans, scores } = await plansOfRows({
      rows,
      experiment,
      store,
      draw,
      onProgress,
      signal,
    });
    const { captionRight } = app;
    const measurement = new Measurement({ captionRight, rows, looks, plans, experiment, store });
    const { known, total } = await measurement.state();
    if (known > 0) warn(`reusing ${known} of ${total} drawings from ${store.folder}`);
    await measurement.run({
      draw,
      onProgress: (done, detail) => progress.update("measure", done, detail),
    });
    const name = isSampleModel(app, model) ? app.sample!.name : basename(model);
    return resultOf({
      model: name,
      experiment,
      rows,
      plans,
      scores,
      measured: await measurement.results(),
    });
  } catch (error) {
    if (signal.aborted) {
      warn(`what is finished is kept in ${store.folder}; the same command goes on`);
    }
    throw error;
  }
}
