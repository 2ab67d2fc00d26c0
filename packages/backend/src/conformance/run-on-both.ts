import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../backend.js";
import type { DeviceTensor } from "../device-tensor.js";
import type { ConformanceContext } from "./case.js";

/** Runs a program in a scope of its own, reads what it returns and frees the rest. */
export async function runProgram<Name extends string>(
  backend: Backend,
  program: (backend: Backend) => Readonly<Record<Name, DeviceTensor>>,
): Promise<Readonly<Record<Name, Tensor>>> {
  const scope = backend.scope();
  try {
    const results = Object.entries<DeviceTensor>(program(scope));
    const read = results.map(async ([name, tensor]) => [name, await scope.read(tensor)] as const);
    return Object.fromEntries(await Promise.all(read)) as Record<Name, Tensor>;
  } finally {
    scope.dispose();
  }
}

/** Runs the same program on the backend under test and on the reference. */
export async function runOnBoth<Name extends string>(
  { backend, reference }: ConformanceContext,
  program: (backend: Backend) => Readonly<Record<Name, DeviceTensor>>,
): Promise<{
  readonly actual: Readonly<Record<Name, Tensor>>;
  readonly expected: Readonly<Record<Name, Tensor>>;
}> {
  return {
    actual: await runProgram(backend, program),
    expected: await runProgram(reference, program),
  };
}
