import type { CaseContender } from "../measure/case.js";
import type { Inputs, Operation } from "./operation.js";

/** An operation that a library is ready to run on the given inputs. */
export interface OpenOperation {
  readonly contender: CaseContender;
  readonly close: () => Promise<void>;
}

/** Another library on the same inputs. */
export interface Peer {
  /** Such as "onnxruntime-node"; the name of its rows too. */
  readonly name: string;
  readonly version: string;
  open(operation: Operation, inputs: Inputs): Promise<OpenOperation>;
  close(): Promise<void>;
}
