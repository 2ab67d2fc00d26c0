import type { CaseContender, OpenCase } from "../measure/case.js";
import type { Inputs, Operation } from "../peers/operation.js";
import type { OpenOperation, Peer } from "../peers/peer.js";

/** A case of an operation that other libraries have too. What they refuse is noted. */
export async function openWithPeers(options: {
  readonly operation: Operation;
  readonly inputs: Inputs;
  readonly peers: readonly Peer[];
  /** Contenders before the libraries. */
  readonly first: readonly CaseContender[];
  readonly ours: readonly CaseContender[];
  readonly close: () => Promise<void>;
}): Promise<OpenCase> {
  const { operation, inputs, peers, first, ours, close } = options;
  const others: OpenOperation[] = [];
  const notes: string[] = [];
  for (const peer of peers) {
    try {
      others.push(await peer.open(operation, inputs));
    } catch (error) {
      notes.push(`${peer.name} does not run this: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return {
    contenders: [...first, ...others.map(({ contender }) => contender), ...ours],
    notes,
    async close() {
      for (const other of others) await other.close();
      await close();
    },
  };
}
