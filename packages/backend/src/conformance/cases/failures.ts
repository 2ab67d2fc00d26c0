import type { Tensor } from "@paroattn/tensor";
import { OperatorError } from "../../errors.js";
import type { ConformanceCase, ConformanceContext } from "../case.js";
import { expectThat } from "../compare.js";
import { describeError, errorOf } from "../expect-error.js";
import type { ConformanceSettings } from "../options.js";

const table: Tensor = { dtype: "f32", shape: [4, 2], data: new Float32Array(8).fill(1) };
const embeds = ["embedding", "add", "reshape"] as const;

function idTensor(...ids: number[]): Tensor {
  return { dtype: "i32", shape: [ids.length], data: Int32Array.from(ids) };
}

function expectEmbeddingError(error: unknown): void {
  expectThat(
    OperatorError.isInstance(error) && error.operator === "embedding",
    `expected an OperatorError of embedding but found ${describeError(error)}`,
  );
}

/** What goes wrong in the stream surfaces where it is waited for, in the name of the operator that failed first. */
export function failureCases(settings: ConformanceSettings): ConformanceCase[] {
  const { anyHeadDim: headDim, precision } = settings;
  return [
    ...[4, -1].map((id) => ({
      name: `failures: id ${id} of a table of 4 fails by name, and all that is made from it`,
      operator: "embedding",
      uses: embeds,
      run: async ({ backend }: ConformanceContext) => {
        const scope = backend.scope();
        try {
          const rows = scope.embedding({
            table: scope.upload(table),
            ids: scope.upload(idTensor(1, id)),
          });
          const sum = scope.add({ a: rows, b: rows });
          const reshaped = scope.reshape({ input: sum, shape: [-1] });
          expectEmbeddingError(await errorOf("reading the failed tensor", () => scope.read(rows)));
          const after = await errorOf("reading what was made from it", () => scope.read(reshaped));
          expectEmbeddingError(after);
        } finally {
          scope.dispose();
        }
      },
    })),
    {
      name: "failures: attention on failed operands fails by the first name",
      operator: "attention",
      uses: [...embeds, "prepareAttention", "attention"],
      run: async ({ backend }) => {
        const scope = backend.scope();
        try {
          const data = new Float32Array(4 * headDim);
          const rows = scope.embedding({
            table: scope.upload({ dtype: "f32", shape: [4, headDim], data }),
            ids: scope.upload(idTensor(9)),
          });
          const query = scope.reshape({ input: rows, shape: [1, 1, headDim] });
          const operands = scope.prepareAttention({
            query,
            key: query,
            value: query,
            heads: 1,
            headDim,
            ...precision,
          });
          const { output } = scope.attention({ operands });
          expectEmbeddingError(await errorOf("reading the attention", () => scope.read(output)));
        } finally {
          scope.dispose();
        }
      },
    },
    {
      name: "failures: flush tells the first one once, and the backend goes on",
      operator: "flush",
      uses: ["embedding", "add"],
      run: async ({ backend }) => {
        const scope = backend.scope();
        try {
          const device = scope.upload(table);
          await scope.flush();
          scope.embedding({ table: device, ids: scope.upload(idTensor(5)) });
          const good = scope.add({ a: device, b: device });
          expectEmbeddingError(await errorOf("flush", () => scope.flush()));
          await scope.flush();
          const { data } = await scope.read(good);
          expectThat(data[0] === 2, `expected 2 after a failure elsewhere but found ${data[0]}`);
        } finally {
          scope.dispose();
        }
      },
    },
  ];
}
