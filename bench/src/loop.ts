import {
  type AttentionStrategy,
  denseAttention,
  paroAttention,
  readPlan,
} from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import {
  checkpointFolder,
  planFile,
  readPrompts,
  recommendedGuidance,
} from "@paroattn/sample-image";

/** One line of `npm run bench -- loop --json`: the denoising loop of one sample-image picture, 20 steps. */
export interface LoopLine {
  readonly strategy: string;
  readonly density: number;
  /** Best and median of the rounds, in milliseconds. */
  readonly loopMs: number;
  readonly loopMedianMs: number;
  readonly attentionMs: number;
  readonly attentionMedianMs: number;
  /** Dense loop / this loop, of the best and of the medians. */
  readonly ratio: number;
  readonly medianRatio: number;
  readonly rounds: number;
  readonly threads: number;
}

interface Sample {
  readonly loopMs: number;
  readonly attentionMs: number;
}

const SEED = 1;

/** Dense and PARO with the shipped plan, turn by turn, after a short run each that is not counted. */
export async function* benchLoop(options: {
  readonly threads: number;
  readonly rounds: number;
  readonly onProgress: (stage: string, done: number) => void;
}): AsyncGenerator<LoopLine> {
  const { threads, rounds, onProgress } = options;
  const backend = createCpuBackend({ threads });
  const strategies = [denseAttention(), paroAttention({ plan: await readPlan(planFile) })];
  await using pipeline = await loadPipeline(checkpointFolder, {
    backend,
    attention: strategies[0]!,
  });
  const prompt = (await readPrompts("heldoutOne"))[0]!;
  const draw = (attention: AttentionStrategy, steps?: number) =>
    pipeline.generate({
      prompt,
      seed: SEED,
      guidance: recommendedGuidance,
      attention,
      ...(steps !== undefined && { steps }),
    });
  for (const strategy of strategies) await draw(strategy, 1);
  const samples = strategies.map((): Sample[] => []);
  const densities = strategies.map(() => 1);
  for (let round = 0; round < rounds; round++) {
    for (const [index, strategy] of strategies.entries()) {
      onProgress(strategy.name, (round * strategies.length + index) / (rounds * strategies.length));
      const { timings, report } = await draw(strategy);
      samples[index]!.push(timings);
      densities[index] = report.density;
    }
  }
  const sorted = (index: number, key: keyof Sample) =>
    samples[index]!.map((sample) => sample[key]).sort((a, b) => a - b);
  const best = (index: number, key: keyof Sample) => sorted(index, key)[0]!;
  const median = (index: number, key: keyof Sample) => sorted(index, key)[Math.floor(rounds / 2)]!;
  for (const [index, strategy] of strategies.entries()) {
    yield {
      strategy: strategy.name,
      density: densities[index]!,
      loopMs: best(index, "loopMs"),
      loopMedianMs: median(index, "loopMs"),
      attentionMs: best(index, "attentionMs"),
      attentionMedianMs: median(index, "attentionMs"),
      ratio: best(0, "loopMs") / best(index, "loopMs"),
      medianRatio: median(0, "loopMs") / median(index, "loopMs"),
      rounds,
      threads,
    };
  }
  backend.dispose();
}
