import { ScheduleError, type StepSchedule, stepRoles } from "@paroattn/attention";
import { InvalidArgumentError, Option } from "commander";
import type { App } from "../app.js";
import { defaultSteps, modelOf } from "../model.js";
import { listOf, parsedBy, schemas } from "../options.js";
import { UsageError } from "../terminal/run-command.js";

/** What PARO does over the steps of a run. */
export type ParoSchedule = Required<Pick<StepSchedule, "warmUp" | "refresh">>;

/** Flags of PARO over the steps of a run. */
export interface ScheduleFlags {
  readonly warmUp?: number;
  readonly refresh?: ParoSchedule["refresh"];
  readonly model?: string;
  readonly steps?: number;
}

/** "0,10,20", or "every:5". */
function parseRefresh(text: string): ParoSchedule["refresh"] {
  const [, every] = /^every:(.*)$/.exec(text) ?? [];
  try {
    if (every !== undefined) return { every: parsedBy(schemas.steps)(every) };
    return [...listOf(parsedBy(schemas.index))(text)].sort((a, b) => a - b);
  } catch {
    throw new InvalidArgumentError(
      `Expected steps from 0, as in 0,10,20, or every:5 but found '${text}'.`,
    );
  }
}

/** New ones at each call. */
export function scheduleOptions(): readonly Option[] {
  return [
    new Option("--warm-up <number>", "steps at the start that PARO computes dense").argParser(
      parsedBy(schemas.warmUp),
    ),
    new Option(
      "--refresh <steps>",
      "steps at which PARO makes its masks anew: 0,10,20 or every:5",
    ).argParser(parseRefresh),
  ];
}

/**
 * The schedule that the flags ask for; undefined where they ask for none.
 *
 * @throws UsageError where the run is too short for it, or nothing is computed with PARO.
 */
export function readSchedule(
  app: App,
  flags: ScheduleFlags,
  { usesParo }: { readonly usesParo: boolean },
): ParoSchedule | undefined {
  const { warmUp, refresh } = flags;
  if (warmUp === undefined && refresh === undefined) return undefined;
  const { steps = defaultSteps(app, modelOf(app, flags.model)) } = flags;
  if (!usesParo) {
    const flag = warmUp === undefined ? "--refresh" : "--warm-up";
    throw new UsageError(`Expected no ${flag} without PARO, which --attention paro asks for`);
  }
  const schedule = { warmUp: warmUp ?? 0, refresh: refresh ?? [] };
  try {
    stepRoles(schedule, steps);
  } catch (error) {
    if (ScheduleError.isInstance(error)) throw new UsageError(error.message);
    throw error;
  }
  return schedule;
}

/** "2 steps dense first; masks made anew at 4, 8". */
export function describeSchedule({ warmUp, refresh }: ParoSchedule): string {
  const of = (steps: number) => `${steps} ${steps === 1 ? "step" : "steps"}`;
  const first = warmUp === 0 ? [] : [`${of(warmUp)} dense first`];
  const when = "length" in refresh ? `at ${refresh.join(", ")}` : `every ${of(refresh.every)}`;
  const never = "length" in refresh && refresh.length === 0;
  return [...first, ...(never ? [] : [`masks made anew ${when}`])].join("; ") || "as planned";
}
