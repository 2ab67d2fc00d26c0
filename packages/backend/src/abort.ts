/**
 * The error of commands that an aborted signal stopped: the signal's own reason,
 * which is a `DOMException` named "AbortError" unless the caller gave another one.
 */
export function abortError(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}
