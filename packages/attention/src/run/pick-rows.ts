import type { Backend, DeviceTensor } from "@paroattn/backend";

/** Rows of the first axis, in this order; the tensor itself where those are all of them as they stand. */
export function pickRows(
  backend: Backend,
  input: DeviceTensor,
  rows: readonly number[],
): DeviceTensor {
  const batch = input.shape[0]!;
  if (rows.length === batch && rows.every((row, index) => row === index)) return input;
  const runs: { start: number; end: number }[] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.end === row) last.end += 1;
    else runs.push({ start: row, end: row + 1 });
  }
  const parts = runs.map((run) => backend.slice({ input, axis: 0, ...run }));
  return parts.length === 1 ? parts[0]! : backend.concat({ inputs: parts, axis: 0 });
}
