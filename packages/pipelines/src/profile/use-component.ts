import type { Component } from "../checkpoint/component.js";
import type { Watch } from "../checkpoint/watch.js";
import type { Spans } from "./spans.js";

/** `component.use`, whose loading, where it loads, is a part of its own. */
export function useComponent<T, R>(options: {
  readonly component: Component<T>;
  /** Its folder. */
  readonly name: string;
  readonly spans: Spans;
  readonly loading: Watch;
  readonly task: (model: T) => Promise<R>;
}): Promise<R> {
  const { component, name, spans, loading, task } = options;
  const start = performance.now();
  let bytes = 0;
  const onBytes: Watch["onBytes"] = (done, total) => {
    bytes = done;
    loading.onBytes?.(done, total);
  };
  return component.use(
    (model) => {
      if (bytes > 0) spans.tell({ name: `load ${name}`, start, end: performance.now(), bytes });
      return task(model);
    },
    { ...loading, onBytes },
  );
}
