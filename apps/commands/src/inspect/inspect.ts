import { extname, join, resolve } from "node:path";
import { InspectionError, type LayerView, type Plan, readPlan } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { writeFileAtomically } from "@paroattn/tensor";
import type { App } from "../app.js";
import type { DrawingSettings } from "../drawing-settings.js";
import { checkWritable } from "../files/check-writable.js";
import { DEMO_SEED, isSampleModel, modelOf } from "../model.js";
import { choosePlan, type PlanFlags } from "../plans/choose-plan.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";
import { prepareFolder } from "./folder.js";
import { drawHead } from "./head-picture.js";
import { type IndexedHead, indexPage } from "./index-page.js";
import {
  type InspectAllResult,
  type InspectHeadResult,
  inspectedHead,
  inspectedStep,
} from "./results.js";
import type { InspectionSubject } from "./subject.js";
import { drawThumbnail } from "./thumbnail.js";
import { watchModel } from "./watch-model.js";

export interface InspectFlags extends PlanFlags, DrawingSettings {
  readonly layer?: number;
  readonly head?: number;
  readonly all?: boolean;
  /** 0-based. */
  readonly step?: number;
  readonly negative?: string;
  readonly seed?: number;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** What is asked for: one head, or with neither layer nor head all of them. */
type Target = { readonly layer: number; readonly head: number } | "all";

/** `inspect [PROMPT]`. */
export async function inspect(
  app: App,
  prompt: string | undefined,
  flags: InspectFlags,
  signal: AbortSignal,
): Promise<InspectHeadResult | InspectAllResult> {
  const start = performance.now();
  const target = targetOf(flags);
  const out = resolve(flags.out);
  const model = modelOf(app, flags.model);
  const sample = isSampleModel(app, model) ? app.sample : undefined;
  const chosenPrompt = prompt ?? (await sample?.heldOutPrompts())?.[0] ?? refusePrompt(model);
  // A plan that is not made yet could take minutes to make; the sample model's shipped one has its layers and heads.
  const planFile = flags.plan ?? sample?.planFile;
  if (planFile !== undefined) checkTarget(target, await readPlan(planFile));
  await (target === "all" ? prepareFolder(app, out) : checkWritable(out));

  const progress = createProgress();
  const warn = warnThrough(progress, app);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const context = { app, backend, progress, warn, signal };
    const plan = await choosePlan(flags, context);
    const subject = { prompt: chosenPrompt, seed: flags.seed ?? DEMO_SEED, plan };
    const watch = (visit: (view: LayerView) => Promise<void>) =>
      watchModel({
        ...flags,
        ...context,
        ...subject,
        model,
        visit,
      }).catch((error: unknown) => {
        if (InspectionError.isInstance(error)) throw new UsageError(error.message);
        throw error;
      });
    const result =
      target === "all"
        ? await inspectAll({ app, subject, folder: out, watch, signal })
        : await inspectHead({ subject, target, file: out, watch, signal });
    return { ...result, totalMs: performance.now() - start };
  } finally {
    progress.end();
    backend.dispose();
  }
}

interface Inspecting {
  readonly subject: InspectionSubject;
  readonly watch: (visit: (view: LayerView) => Promise<void>) => Promise<void>;
  readonly signal: AbortSignal;
}

async function inspectHead(
  options: Inspecting & { readonly target: Exclude<Target, "all">; readonly file: string },
): Promise<Omit<InspectHeadResult, "totalMs">> {
  const { subject, target, file, watch, signal } = options;
  let result: Omit<InspectHeadResult, "totalMs"> | undefined;
  await watch(async (view) => {
    const head = view.heads[target.head]!;
    const { png } = await drawHead(subject, view, head);
    await writeFileAtomically(file, { data: png, signal });
    result = { ...inspectedStep(subject, view), ...inspectedHead(view, head, file) };
  });
  return result!;
}

async function inspectAll(
  options: Inspecting & { readonly app: App; readonly folder: string },
): Promise<Omit<InspectAllResult, "totalMs">> {
  const { app, subject, folder, watch, signal } = options;
  const heads: IndexedHead[] = [];
  let last: LayerView | undefined;
  await watch(async (view) => {
    last = view;
    for (const head of view.heads) {
      const file = `layer-${view.layer}-head-${head.head}.png`;
      const thumbnail = file.replace(".png", "-small.png");
      const { png } = await drawHead(subject, view, head);
      await writeFileAtomically(join(folder, file), { data: png, signal });
      const small = await drawThumbnail(view, head);
      await writeFileAtomically(join(folder, thumbnail), { data: small, signal });
      heads.push({ ...inspectedHead(view, head, file), thumbnail });
    }
  });
  const step = inspectedStep(subject, last!);
  const index = join(folder, "index.html");
  // Last: a folder with an index is whole.
  const page = indexPage({ app, subject, step, bucket: last!.bucket, heads });
  await writeFileAtomically(index, { data: Buffer.from(page), signal });
  return {
    folder,
    index,
    ...step,
    heads: heads.map(({ thumbnail: _, ...head }) => ({ ...head, file: join(folder, head.file) })),
  };
}

function targetOf({ layer, head, all, out, step, steps }: InspectFlags): Target {
  if (step !== undefined && steps !== undefined && step >= steps) {
    throw new UsageError(
      `Expected --step from 0 to ${steps - 1}, with --steps ${steps}, but found ${step}`,
    );
  }
  const isPng = extname(out).toLowerCase() === ".png";
  if (all) {
    const other = layer !== undefined ? "--layer" : head !== undefined ? "--head" : undefined;
    if (other !== undefined) {
      throw new UsageError(`Expected no ${other} with --all, which takes every layer and head`);
    }
    if (isPng)
      throw new UsageError(`Expected --out to name a folder, with --all, but found '${out}'`);
    return "all";
  }
  if (layer === undefined || head === undefined) {
    const missing = [
      ...(layer === undefined ? ["--layer"] : []),
      ...(head === undefined ? ["--head"] : []),
    ].join(" and ");
    throw new UsageError(`Expected --layer L and --head H, or --all, but found no ${missing}`);
  }
  if (!isPng) throw new UsageError(`Expected --out to end in .png but found '${out}'`);
  return { layer, head };
}

function checkTarget(target: Target, { layers, heads }: Plan): void {
  if (target === "all") return;
  for (const [name, index, size] of [
    ["--layer", target.layer, layers],
    ["--head", target.head, heads],
  ] as const) {
    if (index < size) continue;
    throw new UsageError(
      `Expected ${name} from 0 to ${size - 1}, as the plan has ${layers} layers of ${heads} heads, but found ${index}`,
    );
  }
}

function refusePrompt(model: string): never {
  throw new UsageError(`Expected a prompt that suits ${model} but found none`);
}
