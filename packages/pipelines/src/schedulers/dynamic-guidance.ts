/**
 * Scale of classifier-free guidance at one step where it is dynamic: it swings between 1 and 1 + guidance. Upstream:
 * `use_dynamic_cfg` of diffusers' `CogVideoXPipeline`, to the letter: it divides a training timestep by the number of
 * sampling steps, so that unless the two counts are equal the scale is no smooth function of the step.
 */
export function dynamicGuidance(options: {
  readonly guidance: number;
  readonly timestep: number;
  /** Steps of the sampling loop. */
  readonly steps: number;
}): number {
  const { guidance, timestep, steps } = options;
  const phase = Math.PI * ((steps - timestep) / steps) ** 5;
  return 1 + (guidance * (1 - Math.cos(phase))) / 2;
}
