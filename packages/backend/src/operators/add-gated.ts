import type { Shape } from "@paroattn/tensor";
import type { AddGatedOptions } from "../operator-options.js";
import { checkFloatDtype, checkRank, checkSameDtype, checkShape } from "./checks.js";

const operator = "addGated";

/** Shape of `addGated`: the residual's. Throws `InvalidArgumentError`. */
export function inferAddGated(options: AddGatedOptions): Shape {
  const { residual, value, gate } = options;
  checkFloatDtype({ operator, argument: "residual" }, residual);
  const { dtype } = residual;
  checkSameDtype({ operator, argument: "value" }, value, { dtype, because: "to match residual" });
  checkSameDtype({ operator, argument: "gate" }, gate, { dtype, because: "to match residual" });
  checkRank({ operator, argument: "residual" }, residual, {
    least: 3,
    most: 3,
    axes: "[batch, tokens, channels]",
  });
  checkShape({ operator, argument: "value" }, value, {
    shape: residual.shape,
    because: "to match residual",
  });
  checkShape({ operator, argument: "gate" }, gate, {
    shape: [residual.shape[0]!, residual.shape[2]!],
    because: "to match residual's batch and channels",
  });
  return residual.shape;
}
