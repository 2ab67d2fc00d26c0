import {
  type AttentionStrategy,
  type GenerationInfo,
  ScheduleError,
  StrategyError,
} from "@paroattn/attention";
import { UsageError } from "../terminal/run-command.js";

/** Ends the generation that starts strategies only to look whether they can. */
class Checked extends Error {}

/**
 * Starts strategies, one after the other, for a generation that `generate` begins and that ends before its first step.
 *
 * @throws UsageError naming the first strategy that cannot serve the model or has no room for its schedule; what else a start
 * throws, as it is.
 */
export async function checkStarts(
  strategies: readonly { readonly name: string; readonly strategy: AttentionStrategy }[],
  generate: (attention: AttentionStrategy) => Promise<unknown>,
): Promise<void> {
  const start = async (generation: GenerationInfo) => {
    for (const { name, strategy } of strategies) {
      try {
        // Warnings are told when it is drawn.
        const run = await strategy.start({ ...generation, warn: () => {} });
        run.dispose();
      } catch (error) {
        if (!StrategyError.isInstance(error) && !ScheduleError.isInstance(error)) throw error;
        throw new UsageError(`${name}: ${error.message}`);
      }
    }
    throw new Checked();
  };
  try {
    await generate({ name: "check", start });
  } catch (error) {
    if (!(error instanceof Checked)) throw error;
  }
}
