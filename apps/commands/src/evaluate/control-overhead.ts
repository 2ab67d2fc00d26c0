import type {
  AttentionFront,
  AttentionRun,
  AttentionSite,
  AttentionStrategy,
} from "@paroattn/attention";
import type { AttentionOperands, Backend, BackendScope, DeviceTensor } from "@paroattn/backend";
import { z } from "zod";
import { medianOf } from "./median.js";

/** Milliseconds of one run that waits around everything that is timed. */
export const controlTimesSchema = z.object({
  /** What the strategy did at all sites beside the front and the attention that it answered with. */
  control: z.number().nonnegative(),
  /** Dense attention (front and kernel) at as many sites. */
  dense: z.number().positive(),
});

export type ControlTimes = z.infer<typeof controlTimesSchema>;

/** Steps at which dense attention is timed beside the strategy: the first so many that project anything. */
const DENSE_STEPS = 4;

/**
 * Watches what a strategy costs besides its attention: masks, drafts, statistics, searches, further attentions, what it reads
 * and works out on the host. At each site the queue is emptied and the projections are made first, so that nothing else is met;
 * the whole answer is timed, and the one front and the one attention that made the output are taken off.
 *
 * It leaves out what a strategy does before the first step, and what orders and masks cost within the front and the kernel, which
 * is attention time. What would overlap with other work in an ordinary run is counted whole. The waits make the run slower, so its
 * other times mean nothing. Dense attention itself has an overhead above nothing: so far can one trust the others.
 */
export function watchControl(watched: AttentionStrategy): {
  /** Answers as the watched strategy does. */
  readonly strategy: AttentionStrategy;
  /** After the run. */
  readonly result: () => ControlTimes;
} {
  const sum: Sum = { control: 0, dense: [], sites: 0 };
  return {
    strategy: {
      name: watched.name,
      start: async (generation) =>
        timedRun(await watched.start(generation), {
          sum,
          denseSites: DENSE_STEPS * generation.layers,
        }),
    },
    result: () => ({
      control: Math.max(0, sum.control),
      dense: medianOf(sum.dense) * sum.sites,
    }),
  };
}

interface Sum {
  control: number;
  /** Of each site where it was timed. */
  readonly dense: number[];
  sites: number;
}

function timedRun(
  run: AttentionRun,
  { sum, denseSites }: { readonly sum: Sum; readonly denseSites: number },
): AttentionRun {
  let projects = true;
  return {
    ...run,
    before(site) {
      const decision = run.before(site);
      projects = decision === "compute";
      return decision;
    },
    async attend(site, front) {
      sum.sites++;
      if (projects) {
        await timeFront(front, {});
        if (sum.dense.length < denseSites) {
          sum.dense.push(await timed(front.backend, () => attendDense(front)));
        }
      } else {
        await front.backend.flush();
      }
      return timedAnswer(run, site, front, sum);
    },
    report: () => run.report(),
    dispose: () => run.dispose(),
  };
}

/** The strategy's answer; what it took beside its front and its attention is added to the sum. */
async function timedAnswer(
  run: AttentionRun,
  site: AttentionSite,
  front: AttentionFront,
  sum: Sum,
): Promise<DeviceTensor> {
  const asked = new Map<AttentionOperands, FrontOptions>();
  const attentions: TimedAttention[] = [];
  const watchedFront: AttentionFront = {
    ...front,
    backend: timingAttention(front.backend, attentions),
    operands(options) {
      const operands = front.operands(options);
      asked.set(operands, options ?? {});
      return operands;
    },
  };
  let output: DeviceTensor | undefined;
  const whole = await timed(front.backend, async () => {
    output = await run.attend(site, watchedFront);
  });
  // What was made of several attentions is put down to the last.
  const own = attentions.find((one) => one.output === output) ?? attentions.at(-1);
  let attention = 0;
  for (const one of attentions) {
    if (one === own) attention = attentionTime(await one.scope.timings());
    one.scope.dispose();
  }
  const options = own && asked.get(own.operands);
  const ownFront = options === undefined ? 0 : await timeFront(front, options);
  sum.control += whole - ownFront - attention;
  return output!;
}

type FrontOptions = NonNullable<Parameters<AttentionFront["operands"]>[0]>;

interface TimedAttention {
  readonly operands: AttentionOperands;
  readonly output: DeviceTensor;
  readonly scope: BackendScope;
}

/** The same backend, but that each attention runs in a timed scope of its own. */
function timingAttention(backend: Backend, attentions: TimedAttention[]): Backend {
  return new Proxy(backend, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== "attention") return typeof value === "function" ? value.bind(target) : value;
      return (options: Parameters<Backend["attention"]>[0]) => {
        const scope = target.scope({ timed: true });
        const result = scope.attention(options);
        scope.keep(result.output);
        if (result.logSumExp !== undefined) scope.keep(result.logSumExp);
        attentions.push({ operands: options.operands, output: result.output, scope });
        return result;
      };
    },
  });
}

/** Under whatever label. */
function attentionTime(timings: Awaited<ReturnType<BackendScope["timings"]>>): number {
  return Object.entries(timings)
    .filter(([name]) => name.split("/")[0] === "attention")
    .reduce((total, [, { milliseconds }]) => total + milliseconds, 0);
}

async function attendDense(front: AttentionFront): Promise<void> {
  using operands = front.operands();
  front.backend.attention({ operands }).output.dispose();
}

function timeFront(front: AttentionFront, options: FrontOptions): Promise<number> {
  return timed(front.backend, async () => front.operands(options).dispose());
}

/** Milliseconds of some work and all that it queued. */
async function timed(backend: Backend, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  await backend.flush();
  return performance.now() - start;
}
