import { type AxisOrder, describeLayout, gatherIndices, type TokenLayout } from "@paroattn/reorder";
import type { NativeHandle, NativeModule, NativeView } from "../native.js";

/** Distinct orders and which one each head takes. */
export interface OrderChoice {
  /** Undefined is the sequence order. */
  readonly orders: readonly (NativeHandle | undefined)[];
  /** [heads] */
  readonly orderChoice: Uint32Array;
}

const MOST_LAYOUTS = 16;

/** Gather indices of the layouts in use, made once for all layers and steps: the least recently used layout goes first. */
export class TokenOrders {
  readonly #native: NativeModule;
  readonly #layouts = new Map<string, Map<AxisOrder, NativeHandle | undefined>>();
  /** Every layer and step of a model comes with the same layout. */
  #latest?: {
    readonly layout: TokenLayout;
    readonly orders: Map<AxisOrder, NativeHandle | undefined>;
  };

  constructor(native: NativeModule) {
    this.#native = native;
  }

  /** `layout` is frozen. */
  choose(view: NativeView, layout: TokenLayout, orders: readonly AxisOrder[]): OrderChoice {
    const known = this.#ordersOf(layout);
    const distinct: AxisOrder[] = [];
    const orderChoice = new Uint32Array(orders.length);
    for (let head = 0; head < orders.length; head++) {
      const order = orders[head]!;
      let index = distinct.indexOf(order);
      if (index < 0) index = distinct.push(order) - 1;
      orderChoice[head] = index;
      if (!known.has(order)) known.set(order, this.#make(view, layout, order));
    }
    return { orders: distinct.map((order) => known.get(order)), orderChoice };
  }

  #ordersOf(layout: TokenLayout): Map<AxisOrder, NativeHandle | undefined> {
    if (layout === this.#latest?.layout) return this.#latest.orders;
    const key = describeLayout(layout);
    const orders = this.#layouts.get(key) ?? new Map<AxisOrder, NativeHandle | undefined>();
    this.#layouts.delete(key);
    this.#layouts.set(key, orders);
    for (const oldest of this.#layouts.keys()) {
      if (this.#layouts.size <= MOST_LAYOUTS) break;
      this.#layouts.delete(oldest);
    }
    this.#latest = { layout, orders };
    return orders;
  }

  #make(view: NativeView, layout: TokenLayout, order: AxisOrder): NativeHandle | undefined {
    const indices = gatherIndices(layout, order);
    const isIdentity = indices.every((token, position) => token === position);
    return isIdentity ? undefined : this.#native.createOrder(view, { indices });
  }
}
