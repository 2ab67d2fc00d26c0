import {
  type AxisOrder,
  applyOrder,
  axisOrders,
  gatherIndices,
  restoreOrder,
  tokenCount,
  videoLayout,
} from "@paroattn/reorder";
import { type Contender, interleave, type Timing, timed } from "../measure/interleave.js";

/** One line of `npm run bench -- orders --json`: the indices of one order. */
export interface IndicesLine {
  readonly order: AxisOrder;
  readonly tokens: number;
  /** Best and median of the rounds, in milliseconds. */
  readonly ms: number;
  readonly medianMs: number;
}

/** One line of `npm run bench -- orders --json`: rows moved in one order. */
export interface RowsLine {
  readonly order: AxisOrder;
  readonly tokens: number;
  readonly type: string;
  readonly channels: number;
  readonly median: RowSpeeds;
  readonly best: RowSpeeds;
  readonly rounds: number;
}

/** Of the medians, or of the best times, of the rounds. */
export interface RowSpeeds {
  /** A plain copy of the same array into memory at hand, in milliseconds. */
  readonly copyMs: number;
  /** Time of that copy / time of `applyOrder` and of `restoreOrder` into memory at hand. */
  readonly apply: number;
  readonly restore: number;
  /** Time of a copy into a new array, `data.slice()` / time of `applyOrder` into a new array. */
  readonly applyNew: number;
}

/** CogVideoX's grid of latent frames: 17,550 tokens. */
const LAYOUT = videoLayout({ frames: 13, height: 30, width: 45 });
/** Of each kind of order: rows of the grid that stay whole, frames turned, frames fastest of two kinds. */
const ORDERS: readonly AxisOrder[] = ["HFW", "FWH", "HWF", "WHF"];
const TYPES = [Float32Array, Uint16Array] as const;
const CHANNELS = [64, 128, 512, 1152, 1920, 3072];

/** Orders of 17,550 video tokens against plain copies, turn by turn. Single-threaded. */
export async function* benchOrders(options: {
  readonly rounds: number;
  readonly onProgress: (done: number) => void;
}): AsyncGenerator<IndicesLine | RowsLine> {
  const { rounds, onProgress } = options;
  const tokens = tokenCount(LAYOUT);
  const orders = axisOrders(LAYOUT);
  const times = await measure(
    orders.map((order) => timed(order, () => void gatherIndices(LAYOUT, order))),
    rounds,
  );
  for (const [index, { bestMs, medianMs }] of times.entries()) {
    yield { order: orders[index]!, tokens, ms: bestMs, medianMs };
  }
  const cases = TYPES.flatMap((Type) =>
    CHANNELS.flatMap((channels) => ORDERS.map((order) => ({ Type, channels, order }))),
  );
  for (const [index, one] of cases.entries()) {
    onProgress(index / cases.length);
    yield await benchRows({ ...one, rounds });
  }
}

async function benchRows(options: {
  readonly Type: (typeof TYPES)[number];
  readonly channels: number;
  readonly order: AxisOrder;
  readonly rounds: number;
}): Promise<RowsLine> {
  const { Type, channels, order, rounds } = options;
  const tokens = tokenCount(LAYOUT);
  const data = new Type(tokens * channels).map((_, index) => index % 251);
  const out = new Type(data.length);
  const indices = gatherIndices(LAYOUT, order);
  const rowLength = channels;
  const times = await measure(
    [
      timed("copy", () => out.set(data)),
      timed("apply", () => void applyOrder({ data, indices, rowLength, out })),
      timed("restore", () => void restoreOrder({ data, indices, rowLength, out })),
      timed("copyNew", () => void data.slice()),
      timed("applyNew", () => void applyOrder({ data, indices, rowLength })),
    ],
    rounds,
  );
  const speeds = (key: "bestMs" | "medianMs"): RowSpeeds => {
    const time = (name: string) => times.find((one) => one.name === name)![key];
    return {
      copyMs: time("copy"),
      apply: time("copy") / time("apply"),
      restore: time("copy") / time("restore"),
      applyNew: time("copyNew") / time("applyNew"),
    };
  };
  return {
    order,
    tokens,
    type: Type.name,
    channels,
    median: speeds("medianMs"),
    best: speeds("bestMs"),
    rounds,
  };
}

/** After a round that warms up. No threads are left spinning here, so that no pause is needed. */
async function measure(contenders: readonly Contender[], rounds: number): Promise<Timing[]> {
  for (const { run } of contenders) await run();
  return interleave({ contenders: contenders.map(({ run }) => ({ run, settleMs: 0 })), rounds });
}
