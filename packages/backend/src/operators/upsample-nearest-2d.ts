import type { Shape } from "@paroattn/tensor";
import type { UpsampleNearest2dOptions } from "../operator-options.js";
import { checkFloatDtype, checkInteger, checkRank } from "./checks.js";

const operator = "upsampleNearest2d";

/** Shape of `upsampleNearest2d`: [batch, channels, height * factor, width * factor]. Throws `InvalidArgumentError`. */
export function inferUpsampleNearest2d(options: UpsampleNearest2dOptions): Shape {
  const { input, factor } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  checkRank({ operator, argument: "input" }, input, {
    least: 4,
    most: 4,
    axes: "[batch, channels, height, width]",
  });
  checkInteger({ operator, argument: "factor" }, factor, 1);
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  return [batch, channels, height * factor, width * factor];
}
