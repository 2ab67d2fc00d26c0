import { ScheduleError } from "./schedule-error.js";
import type { StepRole } from "./step-schedule.js";

/** Throws a `ScheduleError` where a sparse step comes before the first refresh, which it goes by. */
export function checkRefreshFirst(roles: readonly StepRole[]): void {
  const first = roles.indexOf("sparse");
  if (first === -1 || roles.slice(0, first).includes("refresh")) return;
  throw new ScheduleError({
    expected: "a refresh before the first sparse step",
    found: `none before step ${first}`,
  });
}
