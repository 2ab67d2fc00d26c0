import type { EvaluationLine } from "./summary.js";

type Compared = Pick<EvaluationLine, "strategy" | "psnr" | "attentionSpeedup">;

/**
 * The lines of which none other is both at least as fast and at least as close to dense, and better in one of the two: by the
 * speedup of attention and by PSNR. Lines without a speed or a PSNR (simulated precisions, the dense drawings themselves) and the noise floor are not compared.
 */
export function paretoFront<Line extends Compared>(lines: readonly Line[]): ReadonlySet<Line> {
  const compared = lines.flatMap((line) => {
    const { strategy, attentionSpeedup: speed, psnr } = line;
    if (speed === null || psnr.mean === null || strategy === "noise-floor") return [];
    return [{ line, speed, psnr: psnr.mean }];
  });
  const best = compared.filter((one) =>
    compared.every(
      (other) =>
        other.speed < one.speed ||
        other.psnr < one.psnr ||
        (other.speed === one.speed && other.psnr === one.psnr),
    ),
  );
  return new Set(best.map(({ line }) => line));
}
