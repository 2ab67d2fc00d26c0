import type { Shape } from "@paroattn/tensor";
import type { AddGatedOptions } from "../operator-options.js";
import { checkActivationDtype, checkRank, checkShape } from "./checks.js";

const operator = "addGated";

/** Shape of `addGated`: the residual's. Throws `InvalidArgumentError`. */
export function inferAddGated(options: AddGatedOptions): Shape {
  const { residual, value, gate } = options;
  checkActivationDtype({ operator, argument: "residual" }, residual);
  checkActivationDtype({ operator, argument: "value" }, value);
  checkActivationDtype({ operator, argument: "gate" }, gate);
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
