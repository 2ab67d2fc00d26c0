import type { Shape } from "@paroattn/tensor";
import type { ActivateOptions, Activation } from "../operator-options.js";
import { type Argument, checkFloatDtype, invalid } from "./checks.js";

const ACTIVATIONS: readonly Activation[] = ["silu", "gelu", "geluTanh", "relu"];

/** Refuses a name that is no activation. */
export function checkActivation(where: Argument, activation: Activation): void {
  if (!ACTIVATIONS.includes(activation)) {
    throw invalid(where, `to be one of ${ACTIVATIONS.join(", ")}`, String(activation));
  }
}

/** Shape of `activate`: the input's. Throws `InvalidArgumentError`. */
export function inferActivate(options: ActivateOptions): Shape {
  const operator = "activate";
  checkFloatDtype({ operator, argument: "input" }, options.input);
  checkActivation({ operator, argument: "activation" }, options.activation);
  return options.input.shape;
}
