import { OperatorError } from "@paroattn/backend";
import { RowTables } from "./attention/row-tables.js";
import { CudaBackendError } from "./errors.js";
import type { NativeFailure, NativeModule, NativeView } from "./native.js";

/** Reasons of aborted views are kept for so many of them; they are asked for when what they stopped is read. */
const MOST_REASONS = 1024;

/** What all views of one root backend share. */
export class Root {
  readonly native: NativeModule;
  readonly description: string;
  readonly rowTables: RowTables;
  readonly #view: NativeView;
  readonly #reasons = new Map<number, unknown>();

  constructor(options: { native: NativeModule; view: NativeView }) {
    this.native = options.native;
    this.#view = options.view;
    this.rowTables = new RowTables(options.native);
    const { name, major, minor } = options.native.describe(options.view);
    this.description = `cuda (${name}, compute capability ${major}.${minor})`;
  }

  /** Throws `CudaBackendError` once an error has broken the device. */
  assertUsable(): void {
    const failure = this.native.broken(this.#view);
    if (failure === null) return;
    throw new CudaBackendError(
      `The device was broken by ${failure.operator} (${failure.message}): ` +
        "dispose of its backends and create a new one",
    );
  }

  /** Remembers why the view with this cancellation id was cancelled. */
  rememberReason(id: number, reason: unknown): void {
    this.#reasons.set(id, reason);
    for (const oldest of this.#reasons.keys()) {
      if (this.#reasons.size <= MOST_REASONS) break;
      this.#reasons.delete(oldest);
    }
  }

  /** What `read` and `flush` reject with. */
  errorOf(failure: NativeFailure): unknown {
    const { operator, message, cancelledBy } = failure;
    if (cancelledBy === 0) return new OperatorError({ operator, cause: new Error(message) });
    return (
      this.#reasons.get(cancelledBy) ?? new DOMException("This operation was aborted", "AbortError")
    );
  }
}
