import type { Backend, DeviceTensor } from "@paroattn/backend";
import { type TokenLayout, tokenCount } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import type {
  AttentionReport,
  AttentionStrategy,
  GenerationInfo,
  GuidanceBranch,
} from "../src/index.js";
import { pickRows } from "../src/index.js";
import type { Planted } from "./planted.js";

export interface FakeModel {
  readonly backend: Backend;
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly headDim: number;
  readonly timesteps: readonly number[];
  /** The attention inputs of each layer, per guidance branch (and picture in each); the rows of a step. */
  readonly layers: readonly (readonly Planted[])[];
  /** Values are multiplied by 1 + drift * step, so that every step is another one. Default: 0. */
  readonly drift?: number;
  /** Each row of a step in a call of its own, as in pipelines without batched guidance. Default: false. */
  readonly branchesApart?: boolean;
  /** Whether it tells the run that a step is done. Default: true. */
  readonly asksStepDone?: boolean;
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
    const layersOf = async (step: number, timestep: number) => {
      const row: Float32Array[] = [];
      for (const [layer, planted] of layers.entries()) {
        const names = branchNames(planted.length);
        const calls = model.branchesApart ? planted.map((_, row) => [row]) : [[...planted.keys()]];
        const parts: Float32Array[] = [];
        for (const rows of calls) {
          using scope = backend.scope();
          const site = {
            layer,
            branches: rows.map((branch) => names[branch]!),
            step,
            steps: timesteps.length,
            timestep,
            layout,
            heads,
            headDim,
          };
          const factors = { query: 1, key: 1, value: 1 + (model.drift ?? 0) * step };
          const upload = (name: keyof Planted): DeviceTensor =>
            scope.upload(
              tensor({
                dtype: "f32",
                shape: [rows.length, tokenCount(layout), heads * headDim],
                data: join(rows.map((branch) => planted[branch]![name])).map(
                  (value) => factors[name] * value,
                ),
              }),
            );
          const projections =
            run.before(site) === "compute"
              ? { query: upload("query"), key: upload("key"), value: upload("value") }
              : undefined;
          const projected = () => {
            if (projections !== undefined) return projections;
            throw new Error("nothing is projected for a reused output");
          };
          const output = await run.attend(site, {
            backend: scope,
            operands: ({ rows: picked, ...options } = {}) => {
              const { query, key, value } = projected();
              const pick = (input: DeviceTensor) =>
                picked === undefined ? input : pickRows(scope, input, picked);
              return scope.prepareAttention({
                query: pick(query),
                key: pick(key),
                value: pick(value),
                ...options,
                layout,
                heads,
                headDim,
              });
            },
            queryKey: projected,
            value: () => projected().value,
          });
          parts.push(toFloat32(await scope.read(output)));
        }
        row.push(join(parts));
      }
      return row;
    };
    for (const [step, timestep] of timesteps.entries()) {
      using scope = backend.scope();
      const done = async (row: readonly Float32Array[]) => {
        // The "model" answers with the sum of its layers; they have as many numbers where they have as many branches.
        const data = row[0]!.map((_, i) => row.reduce((sum, layer) => sum + (layer[i] ?? 0), 0));
        const output = scope.upload(tensor({ dtype: "f32", shape: [data.length], data }));
        return run.stepDone?.({ step, output, backend: scope });
      };
      let row = await layersOf(step, timestep);
      while (model.asksStepDone !== false && (await done(row)) === "again") {
        row = await layersOf(step, timestep);
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
