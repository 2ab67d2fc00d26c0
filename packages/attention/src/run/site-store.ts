import type { AttentionSite } from "../strategy.js";

/** What a run keeps of a site. */
export interface Kept extends Disposable {
  /** On the device and in memory. */
  readonly bytes: number;
}

/**
 * What a run keeps from one step to another, by layer and guidance branches. Branches that are computed one after the
 * other, in calls of their own, never meet.
 */
export class SiteStore<T extends Kept> {
  readonly #kept = new Map<string, T>();

  /** Frees what was kept of the site before. */
  set(site: AttentionSite, value: T): void {
    this.delete(site);
    this.#kept.set(keyOf(site), value);
  }

  get(site: AttentionSite): T | undefined {
    return this.#kept.get(keyOf(site));
  }

  delete(site: AttentionSite): void {
    this.get(site)?.[Symbol.dispose]();
    this.#kept.delete(keyOf(site));
  }

  get bytes(): number {
    return [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  dispose(): void {
    for (const value of this.#kept.values()) value[Symbol.dispose]();
    this.#kept.clear();
  }
}

function keyOf({ layer, branches }: AttentionSite): string {
  return `${layer} ${branches.join()}`;
}
