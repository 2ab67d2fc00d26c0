import type { Span } from "@paroattn/pipelines";
import { type MemorySample, sampleMemory } from "./memory.js";

/** Between two looks at the memory. */
const SAMPLE_MS = 100;

/** What a command did. Times are on the clock of `performance.now()`. */
export interface Profile {
  readonly start: number;
  readonly end: number;
  /** In the order in which they ended. */
  readonly spans: readonly Span[];
  readonly memory: readonly MemorySample[];
}

export interface ProfileRecorder {
  /** Takes a span that has just ended. */
  readonly onSpan: (span: Span) => void;
  /** Runs a task as a stage. */
  stage<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** Stops recording. */
  end(): void;
  /** What was recorded up to `end`, or up to now. */
  profile(): Profile;
}

export function startProfile(): ProfileRecorder {
  const memory = [sampleMemory()];
  const { time: start } = memory[0]!;
  const spans: Span[] = [];
  const sample = () => memory.push(sampleMemory());
  const timer = setInterval(sample, SAMPLE_MS).unref();
  let ended: number | undefined;
  const onSpan = (span: Span) => {
    // The sample carries the span's own end, so that what is told of the span is what it left behind.
    memory.push({ ...sampleMemory(), time: span.end });
    spans.push(span);
  };
  return {
    onSpan,
    async stage(name, task) {
      const begin = performance.now();
      const result = await task();
      onSpan({ name, start: begin, end: performance.now() });
      return result;
    },
    end() {
      if (ended !== undefined) return;
      clearInterval(timer);
      sample();
      ended = memory.at(-1)!.time;
    },
    profile: () => ({
      start,
      end: ended ?? performance.now(),
      spans,
      // Spans end a little before they are told.
      memory: [...memory].sort((a, b) => a.time - b.time),
    }),
  };
}
