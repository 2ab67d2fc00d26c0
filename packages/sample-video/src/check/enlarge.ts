import type { Picture } from "@paroattn/sample-image";

/** Side below which a frame is enlarged: findObjects smooths over three pixels, all of a small star's arm at 64x64. */
const LEAST_SIDE = 128;

/** A small frame several times as large, by straight lines between the middles of its pixels; a large one as it is. */
export function enlarge(frame: Picture): Picture {
  const times = Math.ceil(LEAST_SIDE / Math.min(frame.width, frame.height));
  if (times <= 1) return frame;
  const [columns, rows] = [between(frame.width, times), between(frame.height, times)];
  const data = new Uint8Array(columns.length * rows.length * 3);
  let index = 0;
  for (const row of rows) {
    const [above, below] = [row.first * frame.width * 3, row.second * frame.width * 3];
    for (const column of columns) {
      for (let channel = 0; channel < 3; channel++) {
        const [left, right] = [column.first * 3 + channel, column.second * 3 + channel];
        const upper = mix(frame.data[above + left]!, frame.data[above + right]!, column.share);
        const lower = mix(frame.data[below + left]!, frame.data[below + right]!, column.share);
        data[index++] = mix(upper, lower, row.share) + 0.5;
      }
    }
  }
  return { width: columns.length, height: rows.length, data };
}

interface Between {
  readonly first: number;
  readonly second: number;
  /** Of the second. */
  readonly share: number;
}

/** The two pixels that each pixel of an axis lies between once there are `times` as many. */
function between(length: number, times: number): Between[] {
  return Array.from({ length: length * times }, (_, i) => {
    const at = Math.min(length - 1, Math.max(0, (i + 0.5) / times - 0.5));
    const first = Math.floor(at);
    return { first, second: Math.min(length - 1, first + 1), share: at - first };
  });
}

function mix(first: number, second: number, share: number): number {
  return first + (second - first) * share;
}
