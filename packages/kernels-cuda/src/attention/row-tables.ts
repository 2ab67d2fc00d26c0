import {
  type AxisOrder,
  axisOrders,
  describeLayout,
  gatherIndices,
  partitionLayout,
  partitionTokens,
  type TokenLayout,
} from "@paroattn/reorder";
import type { NativeHandle, NativeModule, NativeView } from "../native.js";

const MOST_TABLES = 32;
const MOST_CHOICES = 1024;

/**
 * Which token each packed row holds, on the device: made once for all layers and steps. A layout has one table with all
 * of its orders; heads choose among them. The least recently used ones go first.
 */
export class RowTables {
  readonly #native: NativeModule;
  readonly #tables = new Map<string, NativeHandle>();
  readonly #choices = new Map<string, NativeHandle>();

  constructor(native: NativeModule) {
    this.#native = native;
  }

  /** The rows of so many tokens in sequence order. */
  ofTokens(view: NativeView, tokens: number): NativeHandle {
    return this.#cached(this.#tables, MOST_TABLES, `${tokens} tokens`, () =>
      this.#native.createRowTable(view, {
        starts: partitionTokens(tokens).starts,
        orders: [new Uint32Array()],
      }),
    );
  }

  /** The rows of a layout in each of its orders, the native one first. */
  ofLayout(view: NativeView, layout: TokenLayout): NativeHandle {
    return this.#cached(this.#tables, MOST_TABLES, describeLayout(layout), () =>
      this.#native.createRowTable(view, {
        starts: partitionLayout(layout).starts,
        orders: axisOrders(layout).map((order) => gatherIndices(layout, order)),
      }),
    );
  }

  /** Which row of `ofLayout` each head takes. */
  choice(view: NativeView, layout: TokenLayout, orders: readonly AxisOrder[]): NativeHandle {
    const known = axisOrders(layout);
    const choice = Uint32Array.from(orders, (order) => known.indexOf(order));
    return this.#cached(this.#choices, MOST_CHOICES, choice.join(), () =>
      this.#native.createOrderChoice(view, { choice }),
    );
  }

  dispose(): void {
    for (const cache of [this.#tables, this.#choices]) {
      for (const handle of cache.values()) this.#native.release(handle);
      cache.clear();
    }
  }

  #cached(
    cache: Map<string, NativeHandle>,
    most: number,
    key: string,
    make: () => NativeHandle,
  ): NativeHandle {
    const handle = cache.get(key) ?? make();
    cache.delete(key);
    // What could not be made (out of memory) is tried again the next time.
    if (this.#native.failed(handle)) return handle;
    cache.set(key, handle);
    for (const [oldest, table] of cache) {
      if (cache.size <= most) break;
      cache.delete(oldest);
      this.#native.release(table);
    }
    return handle;
  }
}
