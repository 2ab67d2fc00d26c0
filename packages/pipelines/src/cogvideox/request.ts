import {
  type CogVideoXAutoencoderConfig,
  latentSides,
} from "../autoencoders/cogvideox-autoencoder-config.js";
import { multipleOf } from "../generation/checks.js";
import { checkRequest, type GenerationRequest } from "../generation/request.js";
import type { GenerateOptions } from "../pipeline.js";
import type { CogVideoXSchedulerConfig } from "../schedulers/cogvideox-scheduler-config.js";
import type { CogVideoXConfig } from "../transformers/cogvideox-config.js";

const MAXIMUM_STEPS = 1000;
const DEFAULT_STEPS = 50;
const DEFAULT_GUIDANCE = 6;

interface Configs {
  readonly transformer: CogVideoXConfig;
  readonly autoencoder: CogVideoXAutoencoderConfig;
  readonly scheduler: CogVideoXSchedulerConfig;
}

/** Checks a call of `generate`. Throws `PipelineError`. */
export function checkCogVideoXRequest(
  configs: Configs,
  options: GenerateOptions,
): GenerationRequest {
  const { transformer, autoencoder, scheduler } = configs;
  const { factor, multiple, frameMultiple, defaults } = cogVideoXSizes(configs);
  const width = multipleOf("width", options.width ?? defaults.width, { multiple });
  const height = multipleOf("height", options.height ?? defaults.height, { multiple });
  const frames = multipleOf("frames", options.frames ?? defaults.frames, {
    multiple: frameMultiple,
    more: 1,
  });
  const latentFrames = (frames - 1) / autoencoder.temporal_compression_ratio + 1;
  return checkRequest(options, {
    frames,
    width,
    height,
    latentShape: [latentFrames, transformer.in_channels, height / factor, width / factor],
    steps: DEFAULT_STEPS,
    maximumSteps: Math.min(MAXIMUM_STEPS, scheduler.num_train_timesteps),
    guidance: DEFAULT_GUIDANCE,
    cleanCaption: false,
  });
}

/** Pixels per latent, what sides must be multiples of, what frames must be one more than a multiple of, and the model's own. */
export function cogVideoXSizes({ transformer, autoencoder }: Omit<Configs, "scheduler">) {
  const factor = latentSides(autoencoder);
  const ratio = autoencoder.temporal_compression_ratio;
  return {
    factor,
    multiple: factor * transformer.patch_size,
    // Latent frames are decoded in pairs beside the first; two without a first would make one frame too many of each.
    frameMultiple: ratio === 1 ? 1 : 2 * ratio,
    defaults: {
      width: transformer.sample_width * factor,
      height: transformer.sample_height * factor,
      frames: transformer.sample_frames,
    },
  };
}
