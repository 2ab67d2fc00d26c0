import { writeFile } from "node:fs/promises";

/** An array of a fixture; a number is a size, `Float32Array.of` makes one that is not whole. */
export type Words = number | Float32Array | Uint32Array;

/** Named arrays, those of results under "expected NAME". */
export type Fixture = Readonly<Record<string, Words | undefined>>;

/** What native/test/fixtures/fixture.h reads: name length, name, count and words of each array, little-endian. */
export async function writeFixture(path: string, fixture: Fixture): Promise<void> {
  const pieces: Buffer[] = [];
  for (const [name, value] of Object.entries(fixture)) {
    if (value === undefined) continue;
    const words = typeof value === "number" ? Uint32Array.of(value) : value;
    const text = Buffer.from(name);
    pieces.push(word(text.length), text, word(words.length));
    pieces.push(Buffer.from(words.buffer, words.byteOffset, words.byteLength));
  }
  await writeFile(path, Buffer.concat(pieces));
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Seeded numbers in [-1, 1), without a period in the sizes at hand. */
export function numbers(seed: number): (...shape: readonly number[]) => Float32Array {
  let state = seed;
  return (...shape) =>
    Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 31 - 1;
    });
}
