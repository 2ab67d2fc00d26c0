import type { CpuTarget, NativeModule } from "../native.js";
import { loadNative } from "./load-native.js";
import { chooseTarget } from "./target.js";

export interface Runtime {
  readonly native: NativeModule;
  readonly target: CpuTarget;
}

let runtime: Runtime | undefined;

/** The addon with its target chosen, loaded when the first backend is made. */
export function loadRuntime(): Runtime {
  if (runtime === undefined) {
    const native = loadNative();
    runtime = { native, target: chooseTarget(native) };
  }
  return runtime;
}
