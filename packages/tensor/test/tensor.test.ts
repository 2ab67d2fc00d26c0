import { describe, expect, it } from "vitest";
import {
  DTYPES,
  elementCount,
  InvalidTensorError,
  SafetensorsError,
  tensor,
} from "../src/index.js";

describe("elementCount", () => {
  it("multiplies the sizes", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([5, 0])).toBe(0);
    expect(elementCount([2 ** 26, 2 ** 26])).toBe(2 ** 52);
  });

  it.each([
    [[-1]],
    [[1.5]],
    [[Number.NaN]],
    [["2"]],
    [[2 ** 27, 2 ** 27]],
    [[2 ** 53]],
    [[2 ** 40, 2 ** 40, 0]],
  ])("refuses %j", (shape) => {
    expect(() => elementCount(shape as number[])).toThrow(InvalidTensorError);
  });
});

describe("tensor", () => {
  it("names what does not fit", () => {
    const data = new Float32Array(6);
    expect(tensor({ dtype: "f32", shape: [2, 3], data })).toEqual({
      dtype: "f32",
      shape: [2, 3],
      data,
    });
    expect(() => tensor({ dtype: "f32", shape: [2, 2], data })).toThrow(
      "Expected 4 elements for shape [2, 2] but found 6",
    );
    expect(() => tensor({ dtype: "f16", shape: [6], data: data as never })).toThrow(
      "Expected Uint16Array for dtype f16 but found Float32Array",
    );
    expect(() => tensor({ dtype: "f64" as never, shape: [6], data: data as never })).toThrow(
      `Expected a dtype of ${DTYPES.join(", ")} but found "f64"`,
    );
    expect(() => tensor({ dtype: "f32", shape: [1], data: undefined as never })).toThrow(
      "Expected Float32Array for dtype f32 but found Undefined",
    );
  });

  it("does not follow later changes of the shape it was given", () => {
    const shape = [2];
    const made = tensor({ dtype: "u8", shape, data: new Uint8Array(2) });
    shape[0] = 7;
    expect(made.shape).toEqual([2]);
  });
});

describe("errors", () => {
  it("are known by their brand, also across copies of the package", () => {
    const error = new SafetensorsError({ expected: "a", found: "b", path: "p", tensor: "t" });
    expect(error.message).toBe('Expected a but found b for tensor "t" in p');
    expect(Object.getOwnPropertyDescriptor(error, Symbol.for("paroattn.error"))?.value).toBe(true);
    expect(SafetensorsError.isInstance(error)).toBe(true);
    expect(
      SafetensorsError.isInstance({ [Symbol.for("paroattn.tensor.SafetensorsError")]: true }),
    ).toBe(true);
    expect(InvalidTensorError.isInstance(error)).toBe(false);
    expect(SafetensorsError.isInstance(null)).toBe(false);
    expect(InvalidTensorError.isInstance(new InvalidTensorError("x"))).toBe(true);
  });
});
