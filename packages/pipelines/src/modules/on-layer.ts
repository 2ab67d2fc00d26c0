import type { Backend } from "@paroattn/backend";

/** Told after each layer that has run: the share of the model's work that is done, below 1. */
export type OnLayer = (share: number) => void;

/** Tells when the commands that a layer's scope was given have run. Nothing waits for it. */
export function whenRun(options: {
  readonly scope: Backend;
  /** From 0. */
  readonly layer: number;
  readonly layers: number;
  readonly onLayer: OnLayer | undefined;
}): void {
  const { scope, layer, layers, onLayer } = options;
  if (onLayer === undefined) return;
  // Something always follows the last layer, hence the one more. A layer that failed fails what is made of it: whoever
  // waits for that is told.
  scope.flush().then(
    () => onLayer((layer + 1) / (layers + 1)),
    () => {},
  );
}
