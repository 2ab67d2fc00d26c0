import type { App } from "../app.js";
import type { DrawingSettings } from "../drawing-settings.js";
import { refuseOverlap } from "../evaluate/refuse-overlap.js";
import { readPromptFile } from "../files/prompt-file.js";
import { isSampleModel, modelOf } from "../model.js";
import { CALIBRATION_SEED, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { UsageError } from "../terminal/run-command.js";
import type { CalibrationSubjects } from "./experiment.js";
import { ROWS, type Row, TABLES } from "./rows.js";

export interface ReproduceFlags extends DrawingSettings {
  readonly model?: string;
  /** Names of rows or tables, and `incoherence`. */
  readonly only?: readonly string[];
  readonly prompts?: string;
  readonly calibrationPrompts?: string;
  readonly count?: number;
  readonly seeds?: readonly number[];
  readonly threads?: number;
  readonly work?: string;
  readonly save?: string;
  readonly tables?: string;
  readonly from?: string;
  readonly json?: boolean;
}

/** What the flags ask for. */
export interface Request {
  readonly model: string;
  readonly rows: readonly Row[];
  /** Whether to look at the incoherence of dense runs. */
  readonly looks: boolean;
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  readonly calibration: CalibrationSubjects;
}

/** Among the names of `--only`, the look at dense runs, which is no row. */
const INCOHERENCE = "incoherence";
const DEFAULT_COUNT = 5;
const DEFAULT_SEEDS = [1];

/**
 * Reads what the flags name, before any work.
 *
 * @throws UsageError where something is missing, unknown, or seen by both calibration and evaluation.
 */
export async function readRequest(app: App, flags: ReproduceFlags): Promise<Request> {
  const model = modelOf(app, flags.model);
  const isSample = isSampleModel(app, model);
  for (const flag of ["prompts", "calibration-prompts"] as const) {
    const given = flag === "prompts" ? flags.prompts : flags.calibrationPrompts;
    if (isSample || given !== undefined) continue;
    throw new UsageError(`Expected --${flag} FILE with prompts that suit ${model}`);
  }
  const heldOut =
    flags.prompts === undefined
      ? await app.sample!.heldOutPrompts()
      : await readPromptFile(flags.prompts);
  const prompts = spreadOver([...new Set(heldOut)], flags.count);
  const calibrationPrompts =
    flags.calibrationPrompts === undefined
      ? await sampleCalibrationPrompts(app)
      : await readPromptFile(flags.calibrationPrompts);
  const calibration = {
    prompts: calibrationPrompts,
    seeds: calibrationPrompts.map((_, index) => CALIBRATION_SEED + index),
  };
  const seeds = flags.seeds ?? DEFAULT_SEEDS;
  refuseOverlap({ prompts, seeds, calibration, plan: "a plan of this experiment" });
  const looks = flags.only?.includes(INCOHERENCE) ?? true;
  return { model, rows: chosenRows(flags.only), looks, prompts, seeds, calibration };
}

/** So many prompts, spread evenly over a list. */
function spreadOver(all: readonly string[], count = Math.min(DEFAULT_COUNT, all.length)): string[] {
  if (count > all.length) {
    throw new UsageError(
      `Expected --count up to the ${all.length} prompts there are but found ${count}`,
    );
  }
  return Array.from(
    { length: count },
    (_, index) => all[Math.floor((index * all.length) / count)]!,
  );
}

function chosenRows(only: readonly string[] | undefined): readonly Row[] {
  if (only === undefined) return ROWS;
  const names = ROWS.map(({ name }) => name);
  const known: readonly string[] = [...names, ...TABLES, INCOHERENCE];
  const unknown = only.find((one) => !known.includes(one));
  const rows = ROWS.filter(({ name, table }) => only.includes(name) || only.includes(table));
  if (unknown === undefined && rows.length > 0) return rows;
  throw new UsageError(
    `Expected --only with tables (${TABLES.join(", ")}) or rows (${names.join("; ")}), and ${INCOHERENCE} beside them, but found ${JSON.stringify(unknown ?? INCOHERENCE)}`,
  );
}
