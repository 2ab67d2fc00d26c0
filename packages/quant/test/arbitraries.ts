import fc from "fast-check";

/** Rows of a matrix, cut into blocks of every length, with magnitudes of every size and groups of zeros among them. */
export function blockedRows(): fc.Arbitrary<{
  data: Float32Array<ArrayBuffer>;
  rowLength: number;
  blocks: number[];
}> {
  return fc
    .record({
      rowLength: fc.integer({ min: 1, max: 7 }),
      lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    })
    .chain(({ rowLength, lengths }) => {
      const blocks = [0];
      for (const length of lengths) blocks.push(blocks.at(-1)! + length);
      return fc.record({
        rowLength: fc.constant(rowLength),
        blocks: fc.constant(blocks),
        data: float32Arrays(blocks.at(-1)! * rowLength),
      });
    });
}

/** Float32 numbers of one exponent, of every exponent, or nearly all zeros. */
function float32Arrays(length: number): fc.Arbitrary<Float32Array<ArrayBuffer>> {
  const alike = fc.float({ min: -4, max: 4, noNaN: true });
  const wild = fc.float({ min: -(2 ** 127), max: 2 ** 127, noNaN: true });
  const sparse = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, alike);
  return fc
    .oneof(
      ...[alike, wild, sparse].map((x) => fc.array(x, { minLength: length, maxLength: length })),
    )
    .map((numbers) => Float32Array.from(numbers));
}

/** Small random numbers as they come out of a projection: a normal distribution, float32. */
export function normals(length: number): fc.Arbitrary<Float32Array<ArrayBuffer>> {
  const uniform = fc.double({ min: 1e-9, max: 1, noNaN: true });
  return fc
    .array(fc.tuple(uniform, uniform), { minLength: length, maxLength: length })
    .map((pairs) =>
      Float32Array.from(pairs, ([u, v]) => Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)),
    );
}
