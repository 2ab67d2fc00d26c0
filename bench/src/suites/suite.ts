import type { Peer } from "../peers/peer.js";

/** What the cases of a suite are measured with. */
export interface SuiteContext {
  readonly threads: number;
  readonly peers: readonly Peer[];
  readonly say: (text: string) => void;
}
