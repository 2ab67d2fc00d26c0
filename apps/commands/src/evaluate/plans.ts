import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Plan, readPlan } from "@paroattn/attention";
import { type SamplePlanOptions, samplePlans } from "../plans/sample-plan.js";
import type { DenseSteps } from "../strategies/dense-steps.js";
import { type PlanOrders, planOrders, type StrategyName } from "../strategies/registry.js";
import { UsageError } from "../terminal/run-command.js";
import { ordersOfPlan, type PlannedCombination } from "./combinations.js";

/** The sample model's plans, strategy by strategy; what is missing is calibrated. */
export async function sampleModelPlans(
  options: SamplePlanOptions & {
    readonly strategies: readonly StrategyName[];
    /** Of the whole run. */
    readonly densities: readonly number[];
    readonly steps: DenseSteps;
  },
): Promise<PlannedCombination[]> {
  const { strategies, densities, steps } = options;
  const planned: PlannedCombination[] = [];
  for (const strategy of strategies) {
    const sparse = densities.map((density) => steps.sparseDensity(strategy, density));
    const orders = planOrders(strategy)!;
    const plans = await samplePlans({ ...options, densities: sparse, orders });
    planned.push(...plans.map((plan, index) => ({ strategy, plan, density: densities[index]! })));
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
 * Those plans that strategies and densities of the run ask for; without these, all of them.
 *
 * @throws UsageError where two plans are for the same, or none is for what was asked.
 */
export function choosePlans(options: {
  readonly plans: readonly PlanFromFile[];
  readonly strategies: readonly StrategyName[] | undefined;
  readonly densities: readonly number[] | undefined;
  readonly steps: DenseSteps;
}): PlannedCombination[] {
  const { plans, steps } = options;
  refuseTwins(plans);
  const found = unique(plans.map(({ plan }) => ORDERED[ordersOfPlan(plan)]));
  const strategies = options.strategies ?? found.sort();
  const planned = strategies.flatMap((strategy) => ofStrategy(strategy, options));
  // A density that was named must be there for one of them at least where none was named.
  for (const density of options.densities ?? []) {
    if (!planned.some((one) => one.density === density)) {
      throw noPlan(`density ${density}${sparseNote(density, strategies[0]!, steps)}`, plans);
    }
  }
  return planned;
}

/** What a plan stands for where nobody names a strategy. */
const ORDERED: Readonly<Record<PlanOrders, StrategyName>> = {
  chosen: "paro",
  native: "paro-native",
};

function ofStrategy(
  strategy: StrategyName,
  { plans, strategies, densities, steps }: Parameters<typeof choosePlans>[0],
): PlannedCombination[] {
  const own = plans
    .map(({ plan }) => plan)
    .filter((plan) => ordersOfPlan(plan) === planOrders(strategy));
  const named = strategies !== undefined;
  if (named && own.length === 0) throw noPlan(strategy, plans);
  if (densities === undefined) {
    return own
      .sort((a, b) => b.density.asked - a.density.asked)
      .map((plan) => {
        return { strategy, plan, density: steps.runDensity(strategy, plan.density.asked) };
      });
  }
  return densities.flatMap((density) => {
    const sparse = steps.sparseDensity(strategy, density);
    const plan = own.find((one) => Math.abs(one.density.asked - sparse) < SAME_DENSITY);
    if (plan !== undefined) return [{ strategy, plan, density }];
    if (!named) return [];
    const name = `${strategy} at density ${density}${sparseNote(density, strategy, steps)}`;
    throw noPlan(name, plans);
  });
}

/** Densities that are worked out have four digits. */
const SAME_DENSITY = 1e-4;

/** Where dense steps leave another density to the others than the run is to have. */
function sparseNote(density: number, strategy: StrategyName, steps: DenseSteps): string {
  const sparse = steps.sparseDensity(strategy, density);
  return Math.abs(sparse - density) < SAME_DENSITY
    ? ""
    : ` over the run, ${sparse} at its sparse steps,`;
}

function refuseTwins(plans: readonly PlanFromFile[]): void {
  const known = new Map<string, string>();
  for (const { file, plan } of plans) {
    const name = describePlan(plan);
    const other = known.get(name);
    if (other !== undefined) {
      throw new UsageError(`Expected one plan for ${name} but found ${other} and ${file}`);
    }
    known.set(name, file);
  }
}

function describePlan(plan: Plan): string {
  return `${ORDERED[ordersOfPlan(plan)]} at density ${plan.density.asked}`;
}

function noPlan(name: string, plans: readonly PlanFromFile[]): UsageError {
  const there = plans.map(({ plan, file }) => `${describePlan(plan)} (${file})`).join(", ");
  return new UsageError(`Expected a plan for ${name} but found ${there || "none"}`);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
