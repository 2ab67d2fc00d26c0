import { setMaxListeners } from "node:events";
import { abortError } from "@paroattn/backend";
import type { Issuer } from "./issuer.js";

/**
 * Cancels the commands of a view when one of its scope's signals is aborted.
 * Returns what undoes this, once the commands issued so far have run.
 */
export function cancelOnAbort({ root, view, scope }: Issuer): () => void {
  const { native } = root;
  const cancel = () => {
    const signal = scope.aborted;
    if (signal === undefined) return;
    root.rememberReason(native.cancellationId(view), abortError(signal));
    native.cancel(view);
  };
  cancel();
  for (const signal of scope.signals) {
    // One signal stops as many scopes as there are, and none of them is forgotten: Node's warning of a leak would be wrong.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", cancel, { once: true });
  }
  return () => {
    const remove = () => {
      for (const signal of scope.signals) signal.removeEventListener("abort", cancel);
    };
    // Commands that still wait can be stopped even though their scope is gone.
    if (scope.aborted === undefined) void native.flush(view, false).then(remove);
    else remove();
  };
}
