import { denseAttention, paroAttention, readPlan } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import {
  checkCaption,
  checkpointFolder,
  planFile,
  readPrompts,
  recommendedGuidance,
} from "@paroattn/sample-image";

/** One line of `npm run bench -- captions --json`: one held-out prompt, drawn and judged. */
export interface CaptionLine {
  readonly prompt: string;
  readonly seed: number;
  readonly right: boolean;
  /** Each part that the caption mentions, and whether the picture shows it. */
  readonly parts: Readonly<Record<string, boolean>>;
}

/** The last line. */
export interface CaptionSummary {
  readonly attention: string;
  readonly density: number;
  readonly pictures: number;
  readonly right: number;
  /** Share right per part, over the captions that mention it. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Draws the sample model's held-out prompts, seed 1 for the first and so on, and lets the caption checker judge. */
export async function* benchCaptions(options: {
  readonly threads: number;
  readonly set: "heldoutOne" | "heldoutTwo";
  readonly pictures: number;
  readonly attention: "dense" | "paro";
  /** Default: the checkpoint's recommended one. */
  readonly guidance?: number | undefined;
  readonly onProgress: (done: number) => void;
}): AsyncGenerator<CaptionLine | CaptionSummary> {
  const backend = createCpuBackend({ threads: options.threads });
  const attention =
    options.attention === "dense"
      ? denseAttention()
      : paroAttention({ plan: await readPlan(planFile) });
  await using pipeline = await loadPipeline(checkpointFolder, { backend, attention });
  const prompts = (await readPrompts(options.set)).slice(0, options.pictures);
  const tallies = new Map<string, { right: number; mentioned: number }>();
  let right = 0;
  let density = 1;
  for (const [index, prompt] of prompts.entries()) {
    options.onProgress(index / prompts.length);
    const seed = index + 1;
    const { images, report } = await pipeline.generate({
      prompt,
      seed,
      guidance: options.guidance ?? recommendedGuidance,
    });
    density = report.density;
    const { correct, checks } = checkCaption(images[0]!, prompt);
    if (correct) right += 1;
    const parts: Record<string, boolean> = {};
    const judge = (part: string, verdict: boolean | undefined) => {
      if (verdict === undefined) return;
      parts[part] = (parts[part] ?? true) && verdict;
    };
    judge("background", checks.background);
    judge("count", checks.count);
    judge("relation", checks.relation);
    for (const object of checks.objects) {
      judge("shape", object.shape);
      judge("colour", object.colour);
      judge("size", object.size);
      judge("place", object.place);
    }
    for (const [part, verdict] of Object.entries(parts)) {
      const tally = tallies.get(part) ?? { right: 0, mentioned: 0 };
      tally.mentioned += 1;
      if (verdict) tally.right += 1;
      tallies.set(part, tally);
    }
    yield { prompt, seed, right: correct, parts };
  }
  const shares = [...tallies].map(([part, tally]) => [part, tally.right / tally.mentioned]);
  yield {
    attention: options.attention,
    density,
    pictures: prompts.length,
    right,
    parts: Object.fromEntries(shares),
  };
  backend.dispose();
}
