export interface FuzzTarget {
  readonly name: string;
  seeds(): Promise<Uint8Array[]>;
  /** Resolves to what became of the bytes: accepted, or an error of ours. Anything else rejects. */
  run(bytes: Uint8Array): Promise<"accepted" | Error>;
}

export function createTarget(
  attentionPackage: typeof import("../../../packages/attention/src/index.js"),
): FuzzTarget;
export const name: string;
export function seeds(): Promise<Uint8Array[]>;
export function run(bytes: Uint8Array): Promise<void>;
