import { denseAttention, type Plan, paroAttention, precisionFromName } from "@paroattn/attention";
import type { App } from "../app.js";
import type { DrawSubject } from "../evaluate/draw-subject.js";
import { hashOf, hashOfBytes } from "../evaluate/hash.js";
import {
  type Incoherence,
  incoherenceSchema,
  WATCHED_ROWS,
  watchIncoherence,
} from "../evaluate/incoherence.js";
import type { ResultStore } from "../evaluate/result-store.js";
import type { Subject } from "../evaluate/subject.js";
import { WATCHED_STEPS } from "../evaluate/watched-steps.js";
import type { Experiment } from "./experiment.js";
import { measureRun } from "./measure-run.js";
import type { Row } from "./rows.js";
import { type Reference, type RunResult, referenceSchema, runResultSchema } from "./run-result.js";

/** What the rows came to. */
export interface Measured {
  /** [subjects] */
  readonly references: readonly Reference[];
  /** By row: [subjects]. */
  readonly runs: ReadonlyMap<Row, readonly RunResult[]>;
  /** [subjects]; none where nobody looked. */
  readonly incoherences: readonly Incoherence[];
}

/** Of one row, or a look at the softmax map of a dense run, where there is no row. */
interface Task {
  readonly row: Row | undefined;
  readonly subject: Subject;
  /** Generations that it takes. */
  readonly generations: number;
}

export interface MeasurementOptions {
  readonly captionRight: App["captionRight"];
  readonly rows: readonly Row[];
  /** Whether to look at the softmax map of a dense run of each subject. */
  readonly looks: boolean;
  readonly plans: ReadonlyMap<Row, Plan>;
  readonly experiment: Experiment;
  readonly store: ResultStore;
}

/**
 * Draws every row for every prompt and seed and compares it with dense attention of the same seed. Each result is kept as soon
 * as it is there and is not drawn again; rows with the same plan and precision share one.
 */
export class Measurement {
  readonly #options: MeasurementOptions;
  readonly #subjects: readonly Subject[];
  /** What tells the drawings of one row from another's. */
  readonly #settings: ReadonlyMap<Row, object>;

  constructor(options: MeasurementOptions) {
    const { rows, plans, experiment } = options;
    this.#options = options;
    this.#subjects = experiment.prompts.flatMap((prompt) =>
      experiment.seeds.map((seed) => ({ prompt, seed })),
    );
    this.#settings = new Map(
      rows.map((row) => {
        const plan = plans.get(row);
        return [row, { precision: row.precision, plan: plan === undefined ? null : nameOf(plan) }];
      }),
    );
  }

  /** How many of the rows' drawings are kept, and how many there are. */
  async state(): Promise<{ readonly known: number; readonly total: number }> {
    const left = (await this.#left()).filter(({ row }) => row !== undefined).length;
    const total = this.#options.rows.length * this.#subjects.length;
    return { known: total - left, total };
  }

  /** Draws what is missing. `onProgress` gets the share of it that is done, and the generations in words. */
  async run(options: {
    readonly draw: DrawSubject;
    readonly onProgress: (done: number, detail: string) => void;
  }): Promise<void> {
    const left = await this.#left();
    const total = left.reduce((sum, { generations }) => sum + generations, 0);
    await this.#warmUp(left, options.draw);
    let before = 0;
    for (const { row, subject, generations } of left) {
      let drawn = 0;
      const draw: DrawSubject = async (subject, how) => {
        const result = await options.draw(subject, {
          ...how,
          onProgress: ({ stage, done }) => {
            const part = before + drawn + (stage === "denoise" ? done : 0);
            options.onProgress(part / total, `${before + drawn}/${total}`);
          },
        });
        drawn++;
        return result;
      };
      if (row === undefined) await this.#look(subject, draw);
      // Another row may have had the same plan and precision.
      else if (!(await this.#isThere(row, subject))) await this.#measure(row, subject, draw);
      before += generations;
    }
  }

  /** All results; only after `run`. */
  async results(): Promise<Measured> {
    const { rows, looks } = this.#options;
    const ofSubjects = <T>(find: (subject: Subject) => Promise<T | undefined>) =>
      Promise.all(this.#subjects.map(async (subject) => (await find(subject))!));
    const runs = new Map<Row, readonly RunResult[]>();
    for (const row of rows) {
      runs.set(row, await ofSubjects((subject) => this.#known(row, subject)));
    }
    return {
      runs,
      references: await ofSubjects((subject) => this.#reference(subject)),
      incoherences: looks ? await ofSubjects((subject) => this.#incoherence(subject)) : [],
    };
  }

  async #left(): Promise<Task[]> {
    const left: Task[] = [];
    const referenced = new Set<Subject>();
    for (const subject of this.#subjects) {
      if ((await this.#reference(subject)) !== undefined) referenced.add(subject);
    }
    for (const row of this.#options.rows) {
      for (const subject of this.#subjects) {
        const compares = referenced.has(subject);
        if (compares && (await this.#known(row, subject)) !== undefined) continue;
        left.push({ row, subject, generations: row.timed || !compares ? 2 : 1 });
        // Whichever row comes first draws the reference too.
        referenced.add(subject);
      }
    }
    for (const subject of this.#options.looks ? this.#subjects : []) {
      if ((await this.#incoherence(subject)) !== undefined) continue;
      left.push({ row: undefined, subject, generations: 1 });
    }
    return left;
  }

  /** One step of every timed row: the first ones of a process pay for fresh memory and for oneDNN's kernels. */
  async #warmUp(left: readonly Task[], draw: DrawSubject): Promise<void> {
    const rows = new Set(left.flatMap(({ row }) => (row?.timed ? [row] : [])));
    for (const row of rows) {
      await draw(this.#subjects[0]!, { steps: 1, attention: this.#attention(row) });
    }
  }

  #attention(row: Row) {
    const plan = this.#options.plans.get(row);
    const precision = precisionFromName(row.precision);
    return plan === undefined ? denseAttention({ precision }) : paroAttention({ plan, precision });
  }

  async #measure(row: Row, subject: Subject, draw: DrawSubject): Promise<void> {
    const { captionRight, experiment, store } = this.#options;
    const known = await this.#reference(subject);
    const { run, reference } = await measureRun({
      captionRight,
      attention: this.#attention(row),
      prompt: subject.prompt,
      draw: (attention) => draw(subject, { steps: experiment.steps, attention }),
      reference: known,
      timed: row.timed,
      denseFirst: this.#subjects.indexOf(subject) % 2 === 0,
      frames: experiment.frames,
      drawings: store.drawings,
    });
    if (known === undefined) await store.put({ kind: "reference", ...subject }, reference);
    await store.put({ kind: "run", ...this.#settings.get(row), ...subject }, run);
  }

  async #look(subject: Subject, draw: DrawSubject): Promise<void> {
    const { experiment, store } = this.#options;
    const watch = watchIncoherence();
    await draw(subject, { steps: experiment.steps, attention: watch.strategy });
    await store.put(incoherenceSettings(subject), watch.result());
  }

  async #isThere(row: Row, subject: Subject): Promise<boolean> {
    const known = await this.#known(row, subject);
    return known !== undefined && (await this.#reference(subject)) !== undefined;
  }

  async #known(row: Row, subject: Subject): Promise<RunResult | undefined> {
    const settings = { kind: "run", ...this.#settings.get(row), ...subject };
    const found = await this.#options.store.find(settings, runResultSchema);
    return row.timed && found?.denseTimes === null ? undefined : found;
  }

  async #reference(subject: Subject): Promise<Reference | undefined> {
    const { store } = this.#options;
    const found = await store.find({ kind: "reference", ...subject }, referenceSchema);
    return found !== undefined && (await store.drawings.has(found.picture)) ? found : undefined;
  }

  #incoherence(subject: Subject): Promise<Incoherence | undefined> {
    return this.#options.store.find(incoherenceSettings(subject), incoherenceSchema);
  }
}

function incoherenceSettings(subject: Subject) {
  const watched = { watchedSteps: WATCHED_STEPS, watchedRows: WATCHED_ROWS };
  return { kind: "incoherence", ...watched, ...subject };
}

/** A hash of all that attention takes from a plan: how it was made is another matter. */
function nameOf({ orders, masks, buckets }: Plan): string {
  return hashOf([orders, buckets, hashOfBytes(masks)]);
}
