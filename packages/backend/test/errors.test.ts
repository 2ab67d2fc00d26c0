import { expect, it } from "vitest";
import { ConformanceError } from "../src/conformance/index.js";
import {
  InvalidArgumentError,
  OperatorError,
  TensorDisposedError,
  UnsupportedError,
} from "../src/index.js";

const cause = new RangeError("no such row");
const errors = [
  new InvalidArgumentError({ operator: "add", argument: "a", expected: "of x", found: "y" }),
  new OperatorError({ operator: "embedding", cause }),
  new UnsupportedError({ backend: "cpu", feature: "int8 attention" }),
  new UnsupportedError({ backend: "cuda", message: "not on CUDA yet: linear" }),
  new TensorDisposedError({ operator: "linear", argument: "weight" }),
  new ConformanceError("expected more"),
];
const classes = [
  InvalidArgumentError,
  OperatorError,
  UnsupportedError,
  UnsupportedError,
  TensorDisposedError,
  ConformanceError,
];

it("are for people, know their class, and say what happened", () => {
  expect(errors.map(String)).toEqual([
    "InvalidArgumentError: add: expected a of x but found y",
    "OperatorError: embedding: no such row",
    "UnsupportedError: cpu: int8 attention is not available yet",
    "UnsupportedError: not on CUDA yet: linear",
    "TensorDisposedError: linear: expected weight to be alive but found it disposed",
    "ConformanceError: expected more",
  ]);
  for (const [i, error] of errors.entries()) {
    expect(Symbol.for("paroattn.error") in error).toBe(true);
    for (const type of classes) expect(type.isInstance(error)).toBe(type === classes[i]);
  }
  expect(errors[1]!.cause).toBe(cause);
  expect(InvalidArgumentError.isInstance(undefined)).toBe(false);
});
