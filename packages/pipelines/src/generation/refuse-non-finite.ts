import { tensor } from "@paroattn/tensor";
import { firstNonFinite } from "../checkpoint/finite.js";
import { expected } from "../errors.js";

/** Refuses what would end as a black picture. Throws `PipelineError`. */
export function refuseNonFinite(options: {
  readonly data: Float32Array;
  /** What the numbers are, such as "latents after the last step". */
  readonly name: string;
  /** What to try. */
  readonly advice?: string;
}): void {
  const { data, name, advice } = options;
  const index = firstNonFinite(tensor({ dtype: "f32", shape: [data.length], data }));
  if (index < 0) return;
  throw expected({
    expected: `finite numbers in the ${name}`,
    found: `NaN or an infinity at element ${index}${advice === undefined ? "" : `; ${advice}`}`,
  });
}
