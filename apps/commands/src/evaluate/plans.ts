import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Plan, readPlan } from "@paroattn/attention";
import { type SamplePlanOptions, samplePlans } from "../plans/sample-plan.js";
import { UsageError } from "../terminal/run-command.js";
import { type PlannedCombination, type PlannedStrategy, strategyOfPlan } from "./combinations.js";

/** The paper's three settings. */
export const DEFAULT_DENSITIES = [0.5, 0.3, 0.2] as const;

/** The sample model's plans, strategy by strategy; what is missing is calibrated. */
export async function sampleModelPlans(
  options: SamplePlanOptions & {
    readonly strategies: readonly PlannedStrategy[];
    readonly densities: readonly number[];
  },
): Promise<PlannedCombination[]> {
  const planned: PlannedCombination[] = [];
  for (const strategy of options.strategies) {
    const orders = strategy === "paro" ? "chosen" : "native";
    const plans = await samplePlans({ ...options, orders });
    planned.push(...plans.map((plan) => ({ strategy, plan })));
  }
  return planned;
}

/** A plan from a file. */
export interface PlanFromFile {
  readonly file: string;
  readonly plan: Plan;
}

/**
 * The plans of `--plan`: files, and every *.safetensors in folders.
 *
 * @throws UsageError for a folder without any; PlanError for a file that holds none.
 */
export async function readPlans(paths: readonly string[]): Promise<PlanFromFile[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await planFiles(path)));
  const plans: PlanFromFile[] = [];
  for (const file of files) plans.push({ file, plan: await readPlan(file) });
  return plans;
}

async function planFiles(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".safetensors")).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new UsageError(`Expected plans (*.safetensors) in ${path} but found none`);
}

/**
 * Those plans that strategies and densities ask for; without these, all of them.
 *
 * @throws UsageError where two plans are for the same, or none is for what was asked.
 */
export function choosePlans(options: {
  readonly plans: readonly PlanFromFile[];
  readonly strategies: readonly PlannedStrategy[] | undefined;
  readonly densities: readonly number[] | undefined;
}): PlannedCombination[] {
  const known = new Map<string, PlanFromFile>();
  for (const one of options.plans) {
    const name = nameOf(strategyOfPlan(one.plan), one.plan.density.asked);
    const other = known.get(name);
    if (other !== undefined) {
      throw new UsageError(`Expected one plan for ${name} but found ${other.file} and ${one.file}`);
    }
    known.set(name, one);
  }
  const unique = <T>(values: readonly T[]) => [...new Set(values)];
  const plans = options.plans.map(({ plan }) => plan);
  const strategies = options.strategies ?? unique(plans.map(strategyOfPlan)).sort();
  const densities =
    options.densities ?? unique(plans.map(({ density }) => density.asked)).sort((a, b) => b - a);
  const planned = strategies.flatMap((strategy) =>
    densities.flatMap((density) => {
      const one = known.get(nameOf(strategy, density));
      return one === undefined ? [] : [{ strategy, plan: one.plan }];
    }),
  );
  // What was named must be there: each strategy at each density, or of what was named alone at least one.
  const there = planned.map(({ strategy, plan }) => nameOf(strategy, plan.density.asked));
  for (const strategy of options.strategies ?? []) {
    for (const density of options.densities ?? []) {
      const name = nameOf(strategy, density);
      if (!there.includes(name)) throw noPlan(name, known);
    }
    if (!planned.some((one) => one.strategy === strategy)) throw noPlan(strategy, known);
  }
  for (const density of options.densities ?? []) {
    if (!planned.some(({ plan }) => plan.density.asked === density)) {
      throw noPlan(`density ${density}`, known);
    }
  }
  return planned;
}

function nameOf(strategy: PlannedStrategy, density: number): string {
  return `${strategy} at density ${density}`;
}

function noPlan(name: string, known: ReadonlyMap<string, PlanFromFile>): UsageError {
  const there = [...known].map(([what, { file }]) => `${what} (${file})`).join(", ");
  return new UsageError(`Expected a plan for ${name} but found ${there || "none"}`);
}
