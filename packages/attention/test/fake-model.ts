import type { Backend, DeviceTensor } from "@paroattn/backend";
import { type TokenLayout, tokenCount } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import type {
  AttentionReport,
  AttentionStrategy,
  GenerationInfo,
  GuidanceBranch,
} from "../src/index.js";
import type { Planted } from "./planted.js";

export interface FakeModel {
  readonly backend: Backend;
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly headDim: number;
  readonly timesteps: readonly number[];
  /** The attention inputs of each layer, per guidance branch (and picture in each); the rows of a step. */
  readonly layers: readonly (readonly Planted[])[];
  readonly architecture?: string;
  readonly fingerprint?: string;
  readonly warn?: (message: string) => void;
}

export interface FakeGeneration {
  /** [steps][layers]: attention outputs, [branches, tokens, heads * headDim]. */
  readonly outputs: readonly (readonly Float32Array[])[];
  readonly report: AttentionReport;
}

/** Does with a strategy what a pipeline does: starts a run, then asks it at every step and layer, and looks at the answers. */
export async function generate(
  model: FakeModel,
  strategy: AttentionStrategy,
): Promise<FakeGeneration> {
  const { layout, heads, headDim, timesteps, layers } = model;
  using backend = model.backend.scope();
  const run = await strategy.start(generationOf(model, backend));
  try {
    const outputs: Float32Array[][] = [];
    for (const [step, timestep] of timesteps.entries()) {
      const row: Float32Array[] = [];
      for (const [layer, branches] of layers.entries()) {
        using scope = backend.scope();
        const site = {
          layer,
          branches: branchNames(branches.length),
          step,
          steps: timesteps.length,
          timestep,
          layout,
          heads,
          headDim,
        };
        if (run.before(site) !== "compute") throw new Error("this model keeps no outputs");
        const upload = (name: keyof Planted): DeviceTensor =>
          scope.upload(
            tensor({
              dtype: "f32",
              shape: [branches.length, tokenCount(layout), heads * headDim],
              data: join(branches.map((branch) => branch[name])),
            }),
          );
        const projections = {
          query: upload("query"),
          key: upload("key"),
          value: upload("value"),
        };
        const output = await run.attend(site, {
          backend: scope,
          operands: (options = {}) =>
            scope.prepareAttention({ ...projections, ...options, layout, heads, headDim }),
          queryKey: () => projections,
        });
        row.push(toFloat32(await scope.read(output)));
      }
      outputs.push(row);
    }
    return { outputs, report: run.report() };
  } finally {
    run.dispose();
  }
}

export function generationOf(model: FakeModel, backend: Backend): GenerationInfo {
  const { layout, heads, headDim, timesteps, layers } = model;
  return {
    backend,
    architecture: model.architecture ?? "FakeTransformer2DModel",
    weightsFingerprint: async () => model.fingerprint ?? "0123456789abcdef",
    layers: layers.length,
    heads,
    headDim,
    layout,
    steps: timesteps.length,
    timesteps,
    warn: model.warn ?? (() => {}),
  };
}

function branchNames(count: number): GuidanceBranch[] {
  return Array.from({ length: count }, (_, row) =>
    count > 1 && row < count / 2 ? "unconditional" : "conditional",
  );
}

function join(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** |a - b| / |b| in the Euclidean norm; with `head` over that head's channels alone. */
export function relativeError(
  found: FakeGeneration,
  expected: FakeGeneration,
  only?: { readonly head: number; readonly heads: number; readonly headDim: number },
): number {
  let difference = 0;
  let size = 0;
  found.outputs.forEach((row, step) => {
    row.forEach((output, layer) => {
      const other = expected.outputs[step]![layer]!;
      output.forEach((value, index) => {
        if (only && Math.floor(index / only.headDim) % only.heads !== only.head) return;
        difference += (value - other[index]!) ** 2;
        size += other[index]! ** 2;
      });
    });
  });
  return Math.sqrt(difference / size);
}
