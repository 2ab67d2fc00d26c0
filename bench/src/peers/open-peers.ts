import { ONNXRUNTIME, onnxruntimePeer } from "./onnxruntime.js";
import type { Peer } from "./peer.js";
import { TORCH, torchPeer } from "./torch.js";

export const PEERS = [ONNXRUNTIME, TORCH] as const;
export type PeerName = (typeof PEERS)[number];

export interface Peers {
  readonly all: readonly Peer[];
  /** Why a library is not among them, by name. */
  readonly absent: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The libraries that are asked for and that there are. */
export async function openPeers(options: {
  readonly names: readonly PeerName[];
  readonly threads: number;
  readonly python: string;
}): Promise<Peers> {
  const { names, threads, python } = options;
  const open = {
    [ONNXRUNTIME]: async () => onnxruntimePeer(threads),
    [TORCH]: () => torchPeer({ python, threads }),
  };
  const all: Peer[] = [];
  const absent: Record<string, string> = {};
  for (const name of PEERS) {
    if (!names.includes(name)) {
      absent[name] = "not asked for";
      continue;
    }
    try {
      all.push(await open[name]());
    } catch (error) {
      absent[name] = (error as Error).message;
    }
  }
  return {
    all,
    absent,
    async close() {
      for (const peer of all) await peer.close();
    },
  };
}
