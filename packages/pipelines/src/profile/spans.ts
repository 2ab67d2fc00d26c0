import type { BackendScope, OperatorTiming } from "@paroattn/backend";

/** A stretch of the work: a stage, or a part of one. Parts lie within the stage's time; none overlap beside each other. */
export interface Span {
  /**
   * "text", "denoise" and "decode" are stages. Their parts are "load" with a component's folder ("load vae"), "prompt",
   * "prepare" (before the first step), "step" and "picture", one for each.
   */
  readonly name: string;
  /** Milliseconds on the clock of `performance.now()`. */
  readonly start: number;
  readonly end: number;
  /** For a part: what its operators cost in the command stream. It may be less than the time between start and end. */
  readonly operators?: Readonly<Record<string, OperatorTiming>>;
  /** For a part that loads: size of the weights. */
  readonly bytes?: number;
}

export type OnSpan = (span: Span) => void;

/** Tells spans when they end, the parts before their stage; does and costs nothing where nobody listens. */
export interface Spans {
  /** Whether somebody listens: scopes whose timings make a part are timed then. */
  readonly wanted: boolean;
  tell(span: Span): void;
  /** Runs a task as a stage. */
  stage<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** Runs a task as a part, with the timings of the (then timed) scope that its operators run in. */
  part<T>(name: string, scope: BackendScope, task: () => Promise<T>): Promise<T>;
}

export function createSpans(onSpan: OnSpan | undefined): Spans {
  if (onSpan === undefined) {
    return {
      wanted: false,
      tell() {},
      stage: (_name, task) => task(),
      part: (_name, _scope, task) => task(),
    };
  }
  return {
    wanted: true,
    tell: onSpan,
    async stage(name, task) {
      const start = performance.now();
      const result = await task();
      onSpan({ name, start, end: performance.now() });
      return result;
    },
    async part(name, scope, task) {
      const start = performance.now();
      const result = await task();
      const operators = await scope.timings();
      onSpan({ name, start, end: performance.now(), operators });
      return result;
    },
  };
}
