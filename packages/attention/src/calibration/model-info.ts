import { describeLayout, layoutsEqual, type TokenLayout } from "@paroattn/reorder";
import { CalibrationError } from "../errors.js";
import type { GenerationInfo } from "../strategy.js";

/** What a calibration learns of the model while it runs. */
export interface CalibratedModel {
  readonly architecture: string;
  readonly weightsFingerprint: string;
  readonly layers: number;
  readonly heads: number;
  readonly layout: TokenLayout;
  /** Training timestep of each step. */
  readonly timesteps: readonly number[];
}

/** The model of the first generation; every further one must be alike. */
export class ModelWatcher {
  #model: CalibratedModel | undefined;

  /** @throws CalibrationError when a generation differs from the one before it. */
  async watch(generation: GenerationInfo): Promise<CalibratedModel> {
    const { architecture, layers, heads, layout, timesteps } = generation;
    const known = this.#model;
    if (known === undefined) {
      const weightsFingerprint = await generation.weightsFingerprint();
      this.#model = {
        architecture,
        weightsFingerprint,
        layers,
        heads,
        layout,
        timesteps: [...timesteps],
      };
      return this.#model;
    }
    const alike =
      known.architecture === architecture &&
      known.layers === layers &&
      known.heads === heads &&
      layoutsEqual(known.layout, layout) &&
      known.timesteps.length === timesteps.length &&
      known.timesteps.every((timestep, step) => timestep === timesteps[step]);
    if (!alike) {
      const describe = (model: Pick<CalibratedModel, "architecture" | "layout" | "timesteps">) =>
        `${model.architecture}, ${describeLayout(model.layout)}, ${model.timesteps.length} steps`;
      throw new CalibrationError(
        `Expected every calibration run to be of ${describe(known)} but found ${describe(generation)}`,
      );
    }
    return known;
  }

  /** @throws CalibrationError when `generate` ran no generation with the strategy. */
  get model(): CalibratedModel {
    if (this.#model === undefined) {
      throw new CalibrationError(
        "Expected generate to run the model with the strategy that it is given but found no run",
      );
    }
    return this.#model;
  }
}
