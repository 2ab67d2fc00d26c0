import type { AttentionPrecision } from "../../src/index.js";

/** The code of the largest magnitude of a group. */
const LARGEST = { int8: 127, int4: 7, u7: 127, u8: 255, u4: 15 } as const;

/** Halves to even. */
function rint(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** The codes of a list of numbers and their scale, in float32 steps. */
function codesOf(numbers: readonly number[], largest: number): { codes: number[]; scale: number } {
  const amax = Math.max(...numbers.map(Math.abs));
  if (amax === 0) return { codes: numbers.map(() => 0), scale: 1 };
  const factor = Math.fround(largest / amax);
  return {
    codes: numbers.map((x) => rint(Math.fround(x * factor))),
    scale: Math.fround(amax / largest),
  };
}

type Rows = readonly (readonly number[])[];

/**
 * Attention of one head in codes, written out: integers are multiplied and summed, then scaled. In blocks of 64 of the
 * order in which the rows come, all of them live and valid.
 */
export function integerAttention(
  { query, key, value }: { readonly query: Rows; readonly key: Rows; readonly value: Rows },
  precision: Required<AttentionPrecision> & { qk: "int8" | "int4"; pv: "int8" | "int4" },
  scale: number,
): { output: number[][]; logSumExp: number[] } {
  const mean = query[0]!.map((_, c) => {
    const sum = key.reduce((total, row) => total + row[c]!, 0);
    return precision.keySmoothing ? Math.fround(sum / key.length) : 0;
  });
  const centered = key.map((row) => row.map((x, c) => Math.fround(x - mean[c]!)));
  const largest = LARGEST[precision.qk];
  const q = blocksOf(query).map((block) => codesOf(block.flat(), largest));
  const k = blocksOf(centered).map((block) => codesOf(block.flat(), largest));
  const v = valueCodes(value, precision);
  const channels = mean.length;
  const most = LARGEST[precision.probabilityRange];
  const output: number[][] = [];
  const logSumExp: number[] = [];
  for (const [qb, queries] of blocksOf(query).entries()) {
    const logits = queries.map((_, row) =>
      key.map((_, j) => {
        const [kb, at] = [Math.floor(j / 64), j % 64];
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          sum += q[qb]!.codes[row * channels + c]! * k[kb]!.codes[at * channels + c]!;
        }
        if (!Number.isInteger(sum) || Math.abs(sum) >= 2 ** 24) throw new Error("no exact sum");
        return scale * q[qb]!.scale * k[kb]!.scale * sum;
      }),
    );
    const whole = logits.map((row) => Math.max(...row));
    const state = queries.map(() => ({ m: -Infinity, sum: 0, out: new Array(channels).fill(0) }));
    for (let kb = 0; kb * 64 < key.length; kb++) {
      const tile = logits.map((row) => row.slice(kb * 64, kb * 64 + 64));
      const references = tile.map((row, i) => {
        if (precision.probabilityGroup === "row") return whole[i]!;
        const inTile = Math.max(...row);
        return precision.probabilityGroup === "tileRow" ? inTile : Math.max(state[i]!.m, inTile);
      });
      const entries = tile.map((row, i) => row.map((x) => Math.exp(x - references[i]!)));
      const highest = Math.max(...entries.flat());
      for (const [i, row] of entries.entries()) {
        const s = (precision.probabilityGroup === "tile" ? highest : 1) / most;
        const codes = row.map((p) => rint(p / s));
        const m = Math.max(state[i]!.m, references[i]!);
        const [old, now] = [Math.exp(state[i]!.m - m), Math.exp(references[i]! - m)];
        const denominator =
          precision.probabilityGroup === "tileRow"
            ? s * codes.reduce((a, b) => a + b)
            : row.reduce((a, b) => a + b);
        state[i]!.sum = old * state[i]!.sum + now * denominator;
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const [j, code] of codes.entries()) sum += code * v[kb]!.codes[j]![c]!;
          if (!Number.isInteger(sum) || Math.abs(sum) >= 2 ** 24) throw new Error("no exact sum");
          state[i]!.out[c] = old * state[i]!.out[c] + now * s * v[kb]!.scales[c]! * sum;
        }
        state[i]!.m = m;
      }
    }
    for (const [i, { m, sum, out }] of state.entries()) {
      output.push(out.map((x) => x / sum));
      const shift = queries[i]!.reduce((total, x, c) => total + x * mean[c]!, 0);
      logSumExp.push(m + Math.log(sum) + scale * shift);
    }
  }
  return { output, logSumExp };
}

function blocksOf(rows: Rows): Rows[] {
  const blocks: Rows[] = [];
  for (let start = 0; start < rows.length; start += 64) blocks.push(rows.slice(start, start + 64));
  return blocks;
}

/** Of each block: [rows][channels] codes, and the factor of each channel. */
function valueCodes(value: Rows, { pv, valueScale }: { pv: "int8" | "int4"; valueScale: string }) {
  const channels = value[0]!.map((_, c) => c);
  if (valueScale === "channelBlock") {
    return blocksOf(value).map((block) => {
      const columns = channels.map((c) =>
        codesOf(
          block.map((row) => row[c]!),
          LARGEST[pv],
        ),
      );
      const codes = block.map((_, i) => columns.map((column) => column.codes[i]!));
      return { codes, scales: columns.map(({ scale }) => scale) };
    });
  }
  const ofChannel = channels.map((c) => Math.max(...value.map((row) => Math.abs(row[c]!))));
  return blocksOf(value).map((block) => {
    const divided = block.map((row) =>
      row.map((x, c) => Math.fround(x * Math.fround(1 / ofChannel[c]!))),
    );
    const { codes, scale } = codesOf(divided.flat(), LARGEST[pv]);
    return {
      codes: block.map((_, i) => codes.slice(i * channels.length, (i + 1) * channels.length)),
      scales: ofChannel.map((factor) => factor * scale),
    };
  });
}
