import type { ScopeOptions } from "../backend.js";
import { InvalidArgumentError } from "../errors.js";
import { OperatorTimings } from "./operator-timings.js";
import { WeakCollection } from "./weak-collection.js";

/** Which scope frees a resource. */
const owners = new WeakMap<Disposable, ScopeState>();

/**
 * The bookkeeping of a backend's views: who owns which resource, which signals stop a command, where it is timed.
 * A backend has a root state and one child state per scope; it calls `own` for each handle it makes and
 * `ScopeState.release` when a handle is disposed of.
 */
export class ScopeState {
  /** Signals that stop this scope's commands: its own and those of the scopes around it. */
  readonly signals: readonly AbortSignal[];
  /** Where commands are timed: the nearest timed scope's; undefined where there is none. */
  readonly timings: OperatorTimings | undefined;
  /** Whether the timings are this scope's own. */
  readonly timed: boolean;
  readonly #parent: ScopeState | undefined;
  readonly #children = new Set<ScopeState>();
  /** Weak: a handle that the program has dropped may be collected, and its memory with it, before the scope ends. */
  readonly #resources = new WeakCollection<Disposable>();
  #disposed = false;

  private constructor(parent: ScopeState | undefined, options: ScopeOptions) {
    this.#parent = parent;
    const inherited = parent?.signals ?? [];
    this.signals = options.signal === undefined ? inherited : [...inherited, options.signal];
    this.timed = options.timed === true;
    this.timings = this.timed ? new OperatorTimings() : parent?.timings;
  }

  /** The state of a backend itself. */
  static root(): ScopeState {
    return new ScopeState(undefined, {});
  }

  /** Forgets a resource that was disposed of by itself. */
  static release(resource: Disposable): void {
    const owner = owners.get(resource);
    if (owner !== undefined) owner.#resources.delete(resource);
    owners.delete(resource);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The first signal that has been aborted, if any. */
  get aborted(): AbortSignal | undefined {
    return this.signals.find((signal) => signal.aborted);
  }

  /** A scope inside this one. */
  child(options: ScopeOptions = {}): ScopeState {
    this.assertAlive("scope");
    const child = new ScopeState(this, options);
    this.#children.add(child);
    return child;
  }

  /** Takes a new resource into this scope, which frees it. Returns it. */
  own<T extends Disposable>(resource: T): T {
    this.#resources.add(resource);
    owners.set(resource, this);
    return resource;
  }

  /** Hands a resource of this scope to the one around it. A resource of another scope stays where it is. Returns it. */
  keep<T extends Disposable>(resource: T): T {
    if (this.#parent !== undefined && this.#resources.delete(resource)) this.#parent.own(resource);
    return resource;
  }

  /** Throws `InvalidArgumentError` in the operator's name once the scope is disposed of. */
  assertAlive(operator: string): void {
    if (!this.#disposed) return;
    const scope = this.#parent === undefined ? "backend" : "scope";
    throw new InvalidArgumentError({
      operator,
      argument: `the ${scope}`,
      expected: "to be alive",
      found: "it disposed",
    });
  }

  /** Frees the scopes inside, then the resources, the newest first. Calling it twice is harmless. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
    for (const child of [...this.#children].reverse()) child.dispose();
    for (const resource of this.#resources.takeNewestFirst()) resource[Symbol.dispose]();
  }
}
