import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../backend.js";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";
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

/**
 * Runs the same program on the backend under test, with activations of a dtype (default f32), and on the reference, with
 * the same numbers in f32: what the reference says is not rounded to the dtype.
 */
export async function runOnBoth<Name extends string>(
  { backend, reference }: ConformanceContext,
  program: (backend: Backend, dtype: FloatDType) => Readonly<Record<Name, DeviceTensor>>,
  dtype: FloatDType = "f32",
): Promise<{
  readonly actual: Readonly<Record<Name, Tensor>>;
  readonly expected: Readonly<Record<Name, Tensor>>;
}> {
  return {
    actual: await runProgram(backend, (scope) => program(scope, dtype)),
    expected: await runProgram(reference, (scope) => program(scope, "f32")),
  };
}
