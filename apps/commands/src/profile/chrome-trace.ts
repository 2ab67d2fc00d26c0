import type { Profile } from "./recorder.js";
import { nestSpans, type SpanNode } from "./tree.js";

/** An event of the Trace Event Format, which chrome://tracing and Perfetto read; times are in microseconds. */
export interface TraceEvent {
  /** A span, a counter, or the name of something. */
  readonly ph: "X" | "C" | "M";
  readonly name: string;
  readonly cat?: string;
  readonly pid: 1;
  readonly tid: 1;
  readonly ts: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, number | string>>;
}

/**
 * The profile as a Chrome trace. Operators are known by their sums only: within a part each kind is one span, one after the
 * other from the part's start, the longest first.
 */
export function chromeTrace(
  profile: Profile,
  { process }: { readonly process: string },
): {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
} {
  const common = { pid: 1, tid: 1 } as const;
  const span = (cat: string, name: string, times: { start: number; end: number }) => {
    const { start, end } = times;
    const ts = 1000 * (start - profile.start);
    return { ...common, ph: "X", cat, name, ts, dur: 1000 * (end - start) } as const;
  };
  const ofNode = ({ span: { name, bytes, operators = {}, ...times }, parts }: SpanNode) => {
    const events: TraceEvent[] = [
      { ...span("stage", name, times), ...(bytes !== undefined && { args: { bytes } }) },
    ];
    for (const part of parts) events.push(...ofNode(part));
    const longest = Object.entries(operators).sort((a, b) => b[1].milliseconds - a[1].milliseconds);
    let start = times.start;
    for (const [operator, { calls, milliseconds }] of longest) {
      const end = Math.min(start + milliseconds, times.end);
      events.push({ ...span("operator", operator, { start, end }), args: { calls } });
      start = end;
    }
    return events;
  };
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      { ...common, ph: "M", name: "process_name", ts: 0, args: { name: process } },
      { ...common, ph: "M", name: "thread_name", ts: 0, args: { name: "stages and operators" } },
      span("stage", "total", profile),
      ...nestSpans(profile.spans).flatMap(ofNode),
      ...profile.memory.map(
        ({ time, resident }): TraceEvent => ({
          ...common,
          ph: "C",
          name: "resident memory",
          ts: 1000 * Math.max(0, time - profile.start),
          args: { bytes: resident },
        }),
      ),
    ],
  };
}
