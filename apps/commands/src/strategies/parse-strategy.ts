import { InvalidArgumentError } from "commander";
import { STRATEGY_NAMES, type StrategyName } from "./registry.js";

/** A commander argument parser. */
export function parseStrategy(text: string): StrategyName {
  const known = STRATEGY_NAMES.find((name) => name === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(
    `Expected some of ${STRATEGY_NAMES.join(", ")} but found '${text}'.`,
  );
}

/** Each name once, in their order. */
export function parseStrategies(text: string): readonly StrategyName[] {
  const names = text.split(",").map((part) => parseStrategy(part.trim()));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new InvalidArgumentError(`Expected each strategy once but found '${twice}' twice.`);
}
