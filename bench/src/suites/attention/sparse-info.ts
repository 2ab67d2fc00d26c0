import type { RowInfo } from "../../measure/compare.js";
import { kernelOf, OURS } from "./names.js";
import type { AttentionProblem } from "./problem.js";

/** The rows of attention at a density: the whole and the kernel alone, as shares of what dense attention would make ideal. */
export function sparseInfo(options: {
  readonly problem: Pick<AttentionProblem, "flops" | "bytes">;
  readonly name: string;
  readonly density: number;
}) {
  const { problem, name, density } = options;
  const work = { flops: problem.flops * density, bytes: problem.bytes };
  const beside = (dense: string): RowInfo =>
    density === 1
      ? work
      : {
          ...work,
          comparisons: [
            { against: dense, as: "ideal", density },
            { against: dense, as: "speed" },
          ],
        };
  return {
    info: beside(OURS),
    parts: { attention: { name: kernelOf(name), info: beside(kernelOf(OURS)) } },
  };
}
