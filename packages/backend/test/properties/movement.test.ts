import fc from "fast-check";
import { expect, it } from "vitest";
import { createReferenceBackend } from "../../src/index.js";

const backend = createReferenceBackend();

const shapeAndAxes = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axes: fc.shuffledSubarray([...shape.keys()], {
        minLength: shape.length,
        maxLength: shape.length,
      }),
    }),
  );

function counting(shape: readonly number[]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return backend.upload({
    dtype: "f32",
    shape,
    data: Float32Array.from({ length: count }, (_, i) => i),
  });
}

it("permute puts each element where its indices go, and its inverse puts it back", async () => {
  await fc.assert(
    fc.asyncProperty(shapeAndAxes, async ({ shape, axes }) => {
      const input = counting(shape);
      const moved = backend.permute({ input, axes });
      const inverse = axes.map((_, axis) => axes.indexOf(axis));
      const back = await backend.read(backend.permute({ input: moved, axes: inverse }));
      expect(back.shape).toEqual(shape);
      expect(Array.from(back.data)).toEqual([...back.data.keys()]);
      const { data, shape: to } = await backend.read(moved);
      // The last element keeps the largest index along every axis; the second one along the last axis moves by one there.
      expect(data.at(-1)).toBe(back.data.length - 1);
      const fastest = axes[axes.length - 1]!;
      const stride = shape.slice(fastest + 1).reduce((product, size) => product * size, 1);
      if (to.at(-1)! > 1) expect(data[1]! - data[0]!).toBe(stride);
    }),
    { numRuns: 100 },
  );
});

it("slices of a concatenation are its parts", async () => {
  await fc.assert(
    fc.asyncProperty(
      shapeAndAxes,
      fc.integer({ min: 1, max: 4 }),
      async ({ shape, axes }, more) => {
        const axis = axes[0]!;
        const other = shape.map((size, i) => (i === axis ? more : size));
        const [a, b] = [counting(shape), counting(other)];
        const joined = backend.concat({ inputs: [a, b], axis });
        const size = shape[axis]!;
        const first = backend.slice({ input: joined, axis, start: 0, end: size });
        const second = backend.slice({ input: joined, axis, start: size, end: size + more });
        expect(await backend.read(first)).toEqual(await backend.read(a));
        expect(await backend.read(second)).toEqual(await backend.read(b));
      },
    ),
    { numRuns: 100 },
  );
});
