import { denseAttention, encodePlan, type MaskShift, type Plan } from "@paroattn/attention";
import type { Pipeline } from "@paroattn/pipelines";
import type { App } from "../app.js";
import { checkStarts } from "./check-starts.js";
import { attentionOf, type Combination, describeCombination } from "./combinations.js";
import { type ControlTimes, controlTimesSchema, watchControl } from "./control-overhead.js";
import { type DrawSubject, subjectDrawer } from "./draw-subject.js";
import { hashOfBytes } from "./hash.js";
import {
  type Incoherence,
  incoherenceSchema,
  WATCHED_ROWS,
  watchIncoherence,
} from "./incoherence.js";
import { type SeenMasks, seenMasksSchema, shiftOf, watchMasks } from "./mask-watch.js";
import { type Draw, measurePair } from "./measure-pair.js";
import { type PairResult, pairResultSchema } from "./pair-result.js";
import type { ResultStore } from "./result-store.js";
import type { Software } from "./software.js";
import type { Subject } from "./subject.js";
import { WATCHED_STEPS } from "./watched-steps.js";

/** Goes up when the same settings would give other results. */
const RESULT_VERSION = 3;

/** What every picture or video of an evaluation has in common. */
export interface EvaluationSettings {
  /** A hash of the model's folder. */
  readonly model: string;
  readonly steps: number;
  readonly guidance: number;
  readonly width: number;
  readonly height: number;
  /** 1 for pictures. */
  readonly frames: number;
  /** The backend and its threads, in words. */
  readonly backend: string;
  /** Times of one machine must not stand beside those of another. */
  readonly processor: string;
  readonly software: Software;
}

export interface EvaluationResults {
  readonly subjects: readonly Subject[];
  readonly combinations: readonly Combination[];
  /** [combinations][subjects] */
  readonly pairs: readonly (readonly PairResult[])[];
  /** [combinations], of the first subject. */
  readonly controls: readonly ControlTimes[];
  /** One for each subject. */
  readonly incoherences: readonly Incoherence[];
  /** Of the plans whose masks were to be compared. */
  readonly shifts: ReadonlyMap<Plan, MaskShift>;
}

export interface EvaluationWork {
  readonly subjects: readonly Subject[];
  readonly combinations: readonly Combination[];
  /** Whether the masks of the runs are to be compared with each other and with the plans'. */
  readonly comparesMasks: boolean;
  readonly settings: EvaluationSettings;
  readonly store: ResultStore;
}

interface Task {
  readonly kind: "pair" | "control" | "incoherence" | "masks";
  /** Undefined for a look at the softmax map or at masks. */
  readonly combination: Combination | undefined;
  /** Of a look at masks. */
  readonly observed?: Plan;
  readonly subject: Subject;
  readonly settings: unknown;
  /** Generations that it takes. */
  readonly runs: number;
}

/** What is known already and what is left to measure. */
export interface EvaluationState {
  readonly known: number;
  readonly total: number;
  /** When the oldest of the known ones was measured; undefined where none is known. */
  readonly oldest: string | undefined;
}

export interface RunOptions {
  readonly app: App;
  readonly pipeline: Pipeline;
  readonly warn: (message: string) => void;
  /** From 0 to 1; of what was left to measure, once the evaluation proper begins. */
  readonly onProgress: (stage: "warm up" | "evaluate", done: number, detail: string) => void;
  /** What is finished by then stays in the store. */
  readonly signal: AbortSignal;
}

/**
 * An evaluation picture by picture: all combinations of the first one, then of the second, so that the time left can be
 * told and a part is a fair part. Each result is kept in the store as soon as it is there, and is not measured again.
 */
export class Evaluation {
  readonly #work: EvaluationWork;
  readonly #tasks: readonly Task[];
  readonly #pairs = new Map<Task, PairResult>();
  readonly #controls = new Map<Task, ControlTimes>();
  readonly #incoherences = new Map<Task, Incoherence>();
  readonly #seenMasks = new Map<Task, SeenMasks>();

  private constructor(work: EvaluationWork) {
    this.#work = work;
    const common = { version: RESULT_VERSION, ...work.settings };
    const hashes = new Map(
      work.combinations.map(({ plan }) => [plan, plan && hashOfBytes(encodePlan(plan))]),
    );
    const settingsOf = ({ strategy, precision, plan, schedule, sparseDensity }: Combination) => {
      return { strategy, precision, plan: hashes.get(plan) ?? null, schedule, sparseDensity };
    };
    this.#tasks = work.subjects.flatMap((subject, index): Task[] => [
      ...work.combinations.map((combination) => ({
        kind: "pair" as const,
        combination,
        subject,
        settings: { kind: "pair", ...settingsOf(combination), ...subject, ...common },
        runs: 2,
      })),
      // What a strategy does beside its attention hardly depends on what is drawn.
      ...(index > 0 ? [] : work.combinations).map((combination) => ({
        kind: "control" as const,
        combination,
        subject,
        settings: { kind: "control", ...settingsOf(combination), ...subject, ...common },
        runs: 1,
      })),
      {
        kind: "incoherence" as const,
        combination: undefined,
        subject,
        settings: {
          kind: "incoherence",
          watchedSteps: WATCHED_STEPS,
          watchedRows: WATCHED_ROWS,
          ...subject,
          ...common,
        },
        runs: 1,
      },
      ...this.#observedPlans().map((observed) => ({
        kind: "masks" as const,
        combination: undefined,
        observed,
        subject,
        settings: {
          kind: "masks",
          watchedSteps: WATCHED_STEPS,
          plan: hashes.get(observed),
          ...subject,
          ...common,
        },
        runs: 1,
      })),
    ]);
  }

  #observedPlans(): Plan[] {
    const { comparesMasks, combinations } = this.#work;
    if (!comparesMasks) return [];
    return [...new Set(combinations.flatMap(({ plan }) => plan ?? []))];
  }

  /** Plans an evaluation and looks up what the store has of it. */
  static async open(work: EvaluationWork): Promise<Evaluation> {
    const evaluation = new Evaluation(work);
    await evaluation.#lookUp();
    return evaluation;
  }

  get state(): EvaluationState {
    const times = [...this.#pairs.values()].map(({ measuredAt }) => measuredAt).sort();
    return {
      known: this.#tasks.filter((task) => this.#isKnown(task)).length,
      total: this.#tasks.length,
      oldest: times[0],
    };
  }

  /** Measures what is left. */
  async run(options: RunOptions): Promise<void> {
    const left = this.#tasks.filter((task) => !this.#isKnown(task));
    const total = left.reduce((sum, { runs }) => sum + runs, 0);
    const generate = subjectDrawer({ ...options, settings: this.#work.settings });
    await this.#warmUp({ ...options, left, generate });
    let done = 0;
    for (const task of left) {
      await this.#measure(task, options.app, async (attention) => {
        const { steps } = this.#work.settings;
        const result = await generate(task.subject, {
          steps,
          attention,
          onProgress: (report) => {
            const part = report.stage === "denoise" ? report.done : 0;
            options.onProgress("evaluate", (done + part) / total, `${done}/${total}`);
          },
        });
        done++;
        return result;
      });
    }
  }

  /**
   * Two steps in every way: the first steps of a process pay for fresh memory and for oneDNN's kernels, and no measured
   * run should. What cannot be served is refused here, before hours of work.
   */
  async #warmUp(
    options: RunOptions & {
      readonly left: readonly Task[];
      readonly generate: DrawSubject;
    },
  ): Promise<void> {
    const { left, generate, onProgress } = options;
    const { frames, steps } = this.#work.settings;
    const combinations = [...new Set(left.flatMap(({ combination }) => combination ?? []))];
    const { subject } = left[0]!;
    await checkStarts(
      combinations.map((combination) => ({
        name: describeCombination(combination),
        strategy: attentionOf(combination, { frames }),
      })),
      (attention) => generate(subject, { steps, attention }),
    );
    await generate(subject, { steps: 1, attention: denseAttention() });
    // A dense step, for what a strategy has to look at first, and a sparse one.
    const schedule = { refresh: [0] };
    for (const [index, combination] of combinations.entries()) {
      const { length } = combinations;
      onProgress("warm up", index / length, `${index}/${length}`);
      const attention = attentionOf({ ...combination, schedule }, { frames });
      await generate(subject, { steps: 2, attention });
    }
  }

  async #measure(task: Task, app: App, draw: Draw): Promise<void> {
    const { store, subjects, settings: run } = this.#work;
    const { kind, combination, subject, settings } = task;
    if (kind === "masks") {
      const watch = watchMasks(task.observed!, run);
      await draw(watch.strategy);
      await store.put(settings, watch.result());
      this.#seenMasks.set(task, watch.result());
    } else if (kind === "incoherence") {
      const watch = watchIncoherence();
      await draw(watch.strategy);
      await store.put(settings, watch.result());
      this.#incoherences.set(task, watch.result());
    } else if (kind === "control") {
      const watch = watchControl(attentionOf(combination!, run));
      await draw(watch.strategy);
      await store.put(settings, watch.result());
      this.#controls.set(task, watch.result());
    } else {
      const result = await measurePair({
        app,
        attention: attentionOf(combination!, run),
        prompt: subject.prompt,
        draw,
        denseFirst: subjects.indexOf(subject) % 2 === 0,
        drawings: store.drawings,
      });
      await store.put(settings, result);
      this.#pairs.set(task, result);
    }
  }

  /** All results; only after `run`. */
  results(): EvaluationResults {
    const { subjects, combinations } = this.#work;
    const tasksOf = (kind: Task["kind"], combination?: Combination) =>
      this.#tasks.filter((task) => task.kind === kind && task.combination === combination);
    const shiftOfPlan = (plan: Plan) => {
      const tasks = this.#tasks.filter(({ observed }) => observed === plan);
      const runs = tasks.map((task) => {
        return { subject: task.subject, seen: this.#seenMasks.get(task)! };
      });
      return [plan, shiftOf(plan, runs)] as const;
    };
    return {
      subjects,
      combinations,
      pairs: combinations.map((combination) =>
        tasksOf("pair", combination).map((task) => this.#pairs.get(task)!),
      ),
      controls: combinations.map(
        (combination) => this.#controls.get(tasksOf("control", combination)[0]!)!,
      ),
      incoherences: tasksOf("incoherence").map((task) => this.#incoherences.get(task)!),
      shifts: new Map(this.#observedPlans().map(shiftOfPlan)),
    };
  }

  #isKnown(task: Task): boolean {
    const all = [this.#pairs, this.#controls, this.#incoherences, this.#seenMasks];
    return all.some((known) => known.has(task));
  }

  async #lookUp(): Promise<void> {
    const { store } = this.#work;
    for (const task of this.#tasks) {
      const { kind, settings } = task;
      if (kind === "masks") {
        keep(this.#seenMasks, task, await store.find(settings, seenMasksSchema));
      } else if (kind === "incoherence") {
        keep(this.#incoherences, task, await store.find(settings, incoherenceSchema));
      } else if (kind === "control") {
        keep(this.#controls, task, await store.find(settings, controlTimesSchema));
      } else {
        const known = await store.find(settings, pairResultSchema);
        if (known === undefined) continue;
        const { drawings } = store;
        if ((await drawings.has(known.picture)) && (await drawings.has(known.densePicture))) {
          this.#pairs.set(task, known);
        }
      }
    }
  }
}

function keep<T>(results: Map<Task, T>, task: Task, found: T | undefined): void {
  if (found !== undefined) results.set(task, found);
}
