import { ScheduleError, type StepChoice, type StepSchedule, stepRoles } from "@paroattn/attention";
import { InvalidArgumentError, Option } from "commander";
import type { App } from "../app.js";
import { defaultSteps, modelOf } from "../model.js";
import { listOf, parsedBy, schemas } from "../options.js";
import { UsageError } from "../terminal/run-command.js";

/** Flags of a strategy over the steps of a run. */
export interface ScheduleFlags {
  readonly warmUp?: number;
  readonly refresh?: StepChoice;
  readonly model?: string;
  readonly steps?: number;
}

/** "0,10,20", or "every:5". */
function parseRefresh(text: string): StepChoice {
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
    new Option("--warm-up <number>", "steps at the start that are dense").argParser(
      parsedBy(schemas.warmUp),
    ),
    new Option(
      "--refresh <steps>",
      "steps that are dense, and at which those that can look anew do: 0,10,20 or every:5",
    ).argParser(parseRefresh),
  ];
}

/**
 * The schedule that the flags ask for; undefined where they ask for none.
 *
 * @throws UsageError where the run is too short for it, or every step is dense anyway.
 */
export function readSchedule(
  app: App,
  flags: ScheduleFlags,
  { usesSteps }: { readonly usesSteps: boolean },
): StepSchedule | undefined {
  const { warmUp, refresh } = flags;
  if (warmUp === undefined && refresh === undefined) return undefined;
  const { steps = defaultSteps(app, modelOf(app, flags.model)) } = flags;
  if (!usesSteps) {
    const flag = warmUp === undefined ? "--refresh" : "--warm-up";
    throw new UsageError(
      `Expected no ${flag} with dense attention alone; --attention names others, such as paro`,
    );
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

/** "2 at first, then 4, 8", or "none". */
export function describeSchedule({ warmUp = 0, refresh = [] }: StepSchedule): string {
  const first = warmUp === 0 ? [] : [`${warmUp} at first`];
  const later = "length" in refresh ? refresh.join(", ") : `every ${ordinal(refresh.every)}`;
  return [...first, ...(later === "" ? [] : [`then ${later}`])].join(", ") || "none";
}

function ordinal(count: number): string {
  const endings = { one: "st", two: "nd", few: "rd", other: "th" } as const;
  const rule = new Intl.PluralRules("en", { type: "ordinal" }).select(count);
  return `${count}${endings[rule as keyof typeof endings]}`;
}
