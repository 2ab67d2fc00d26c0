import { refuse } from "./errors.js";
import type { ProbabilityGroup, ProbabilityRange } from "./quantize-probabilities.js";

/**
 * The four choices that name a quantized attention. A plan and every result record them, and a backend is held to a
 * reference with the same four.
 */
export interface Quantization {
  /** Of the codes of V, and of Q and K where no other precision is asked for. */
  readonly bits: 8 | 4;
  /** The `group` of `quantizeProbabilities`. */
  readonly probabilityGroup: ProbabilityGroup;
  /** The `range` of `quantizeProbabilities`: `u7` or `u8` with 8 bits, `u4` with 4. */
  readonly probabilityRange: ProbabilityRange;
  /** The `scaleLayout` of `quantizeBlocks` for V. */
  readonly valueScale: "channelBlock" | "rank1";
}

/** Every choice there is: 8 with 8 bits and 4 with 4. The first of each is the default of its bits. */
export const QUANTIZATIONS: readonly Quantization[] = Object.freeze(
  (["u7", "u8", "u4"] as const).flatMap((probabilityRange) =>
    (["tile", "tileRow", "row"] as const).flatMap((probabilityGroup) =>
      (["channelBlock", "rank1"] as const).map((valueScale) =>
        Object.freeze({
          bits: probabilityRange === "u4" ? (4 as const) : (8 as const),
          probabilityGroup,
          probabilityRange,
          valueScale,
        }),
      ),
    ),
  ),
);

/**
 * Choices completed: by default 8 bits, `tile`, `u7` (`u4` with 4 bits), `channelBlock`, the paper's own.
 * Throws a `QuantError` for what is not among `QUANTIZATIONS`.
 *
 * @example quantization({ bits: 4 }) // { bits: 4, probabilityGroup: "tile", probabilityRange: "u4", valueScale: "channelBlock" }
 */
export function quantization(choices: Partial<Quantization> = {}): Quantization {
  const { bits = 8, probabilityGroup = "tile", valueScale = "channelBlock" } = choices;
  const { probabilityRange = bits === 4 ? "u4" : "u7" } = choices;
  const asked = { bits, probabilityGroup, probabilityRange, valueScale };
  const name = quantizationName(asked);
  return (
    QUANTIZATIONS.find((known) => quantizationName(known) === name) ??
    refuse(`one of ${QUANTIZATIONS.map(quantizationName).join(", ")}`, name)
  );
}

/** A quantization in words, such as "int8 tile u7 channelBlock": different for every one. */
export function quantizationName(quantization: Quantization): string {
  const { bits, probabilityGroup, probabilityRange, valueScale } = quantization;
  return `int${bits} ${probabilityGroup} ${probabilityRange} ${valueScale}`;
}
