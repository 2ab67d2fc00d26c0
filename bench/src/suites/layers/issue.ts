import type { BackendScope, DeviceTensor } from "@paroattn/backend";
import { EPSILON, type Operation } from "../../peers/operation.js";

/** An operation as our backend does it, on tensors of its inputs by name. */
export function issue(
  scope: BackendScope,
  operation: Exclude<Operation, { kind: "attention" }>,
  tensors: Readonly<Record<string, DeviceTensor>>,
): DeviceTensor {
  const input = tensors.input!;
  const weight = tensors.weight!;
  const bias = tensors.bias!;
  const epsilon = EPSILON;
  switch (operation.kind) {
    case "linear": {
      const { activation } = operation;
      return scope.linear({ input, weight, bias, ...(activation && { activation }) });
    }
    case "adaptiveLayerNorm":
      return scope.layerNorm({ input, scale: tensors.scale!, shift: tensors.shift!, epsilon });
    case "rmsNorm":
      return scope.rmsNorm({ input, weight, epsilon });
    case "groupNormSilu":
      return scope.groupNorm({
        input,
        weight,
        bias,
        groups: operation.groups,
        epsilon,
        activation: "silu",
      });
    case "activate":
      return scope.activate({ input, activation: operation.activation });
    case "conv3x3":
      return scope.conv2d({ input, weight, bias, padding: [1, 1, 1, 1] });
  }
}
