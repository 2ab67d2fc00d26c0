import { OperatorError } from "@paroattn/backend";
import { TokenOrders } from "./attention/token-orders.js";
import { targetName } from "./load/target.js";
import type { CpuTarget, NativeFailure, NativeModule } from "./native.js";

/** Reasons of aborted views are kept for so many of them; they are asked for when what they stopped is read. */
const MOST_REASONS = 1024;

/** What all views of one root backend share. */
export class Root {
  readonly native: NativeModule;
  /** "cpu (AVX-512, 2 threads)" */
  readonly description: string;
  readonly tokenOrders: TokenOrders;
  readonly #reasons = new Map<number, unknown>();

  constructor(options: { native: NativeModule; target: CpuTarget; threads: number }) {
    const { native, target, threads } = options;
    this.native = native;
    this.description = `cpu (${targetName(target)}, ${threads} thread${threads === 1 ? "" : "s"})`;
    this.tokenOrders = new TokenOrders(native);
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
