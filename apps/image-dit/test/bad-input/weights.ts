import { appendFile, mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { modelRow } from "./model-folders.js";
import type { Row } from "./row.js";
import { changeData, changeHeader, type Entry } from "./safetensors-bytes.js";

const COMPONENTS = {
  transformer: {
    file: "transformer/diffusion_pytorch_model.safetensors",
    tensor: "proj_out.weight",
  },
  text_encoder: {
    file: "text_encoder/model.safetensors",
    tensor: "encoder.final_layer_norm.weight",
  },
  vae: { file: "vae/diffusion_pytorch_model.safetensors", tensor: "decoder.conv_out.bias" },
} as const;

interface Target {
  readonly path: string;
  readonly tensor: string;
}

/** Changes the entry of the tensor. */
const entry =
  (change: (entry: Entry) => void) =>
  ({ path, tensor }: Target) =>
    changeHeader(path, (header) => change(header[tensor]!));

/** A header length in front of what is there. */
const lengthOf =
  (length: bigint) =>
  async ({ path }: Target) => {
    const bytes = await readFile(path);
    bytes.writeBigUInt64LE(length);
    await writeFile(path, bytes);
  };

const FLOATS: Readonly<Record<string, number>> = {
  NaN: 0x7fc00000,
  Infinity: 0x7f800000,
};

const FAULTS: readonly {
  readonly name: string;
  readonly change: (target: Target) => Promise<unknown>;
  readonly says: readonly RegExp[];
}[] = [
  { name: "missing", change: ({ path }) => rm(path), says: [/safetensors or its index/, /found/] },
  {
    name: "a folder",
    change: async ({ path }) => {
      await rm(path);
      await mkdir(path);
    },
    says: [/safetensors/, /EISDIR|folder|directory/],
  },
  { name: "empty", change: ({ path }) => writeFile(path, ""), says: [/header/, /file of 0 bytes/] },
  { name: "seven bytes", change: ({ path }) => truncate(path, 7), says: [/8 bytes/, /7 bytes/] },
  {
    name: "cut in its header",
    change: ({ path }) => truncate(path, 500),
    says: [/file of at least/, /file of 500 bytes/],
  },
  {
    name: "cut in its data",
    change: async ({ path }) => truncate(path, (await stat(path)).size - 1),
    says: [/found/],
  },
  {
    name: "longer than its header says",
    change: ({ path }) => appendFile(path, "more"),
    says: [/found/],
  },
  {
    name: "a pointer of Git LFS",
    change: ({ path }) => writeFile(path, "version https://git-lfs.github.com/spec/v1\n"),
    says: [/header/, /found/],
  },
  {
    name: "of a header beyond the limit",
    change: lengthOf(100_000_001n),
    says: [/at most 100000000 bytes/, /100000001/],
  },
  { name: "of a header of 2^64 - 1 bytes", change: lengthOf(2n ** 64n - 1n), says: [/at most/] },
  { name: "of an empty header", change: lengthOf(0n), says: [/header in JSON/, /found 0 bytes/] },
  {
    name: "of a header that is a list",
    change: ({ path }) => changeHeader(path, () => []),
    says: [/JSON object as header/, /found/],
  },
  {
    name: "of a header that is cut off",
    change: ({ path }) => changeHeader(path, (header) => JSON.stringify(header).slice(0, -1)),
    says: [/header in JSON/, /do not parse/],
  },
  {
    name: "of a header that names a tensor twice",
    change: ({ path, tensor }) =>
      changeHeader(path, (header) => {
        const again = `,${JSON.stringify(tensor)}:${JSON.stringify(header[tensor])}}`;
        return JSON.stringify(header).slice(0, -1) + again;
      }),
    says: [/once/, /twice/],
  },
  {
    name: "of metadata that are no texts",
    change: ({ path }) => changeHeader(path, (header) => ({ ...header, __metadata__: { a: 1 } })),
    says: [/__metadata__/, /found 1/],
  },
  {
    name: "of tensors that overlap",
    change: entry((found) => {
      const [begin, end] = found.data_offsets;
      found.data_offsets = begin === 0 ? [4, end + 4] : [begin - 4, end - 4];
    }),
    says: [/found/],
  },
  {
    name: "of offsets that go backwards",
    change: entry((found) => {
      found.data_offsets.reverse();
    }),
    says: [/data_offsets/, /found/],
  },
  {
    name: "of an offset that is negative",
    change: entry((found) => {
      found.data_offsets[0] = -4;
    }),
    says: [/data_offsets/, /-4/],
  },
  {
    name: "of an offset behind its end",
    change: entry((found) => {
      found.data_offsets[1] += 1e9;
    }),
    says: [/found/],
  },
  {
    name: "of a dtype that does not exist",
    change: entry((found) => {
      found.dtype = "F33";
    }),
    says: [/dtype/, /F33/],
  },
  {
    name: "of whole numbers",
    change: entry((found) => {
      found.dtype = "I32";
    }),
    says: [/f32/i, /i32/i],
  },
  {
    name: "of a dtype of another size",
    change: entry((found) => {
      found.dtype = "F16";
    }),
    says: [/bytes/, /found/],
  },
  {
    name: "of a shape that does not fit its bytes",
    change: entry((found) => {
      found.shape = [...found.shape, 2];
    }),
    says: [/bytes/, /found/],
  },
  {
    name: "of a shape that the model does not have",
    change: entry((found) => {
      found.shape = [1, 1, ...found.shape, 1];
    }),
    says: [/shape|\[/, /found .*\[1, 1, /],
  },
  {
    name: "of a shape beyond all numbers",
    change: entry((found) => {
      found.shape = [2 ** 40, 2 ** 40];
    }),
    says: [/found/],
  },
  {
    name: "of a shape in words",
    change: entry((found) => {
      Object.assign(found, { shape: ["many"] });
    }),
    says: [/shape of whole/, /found/],
  },
  {
    name: "without one tensor's name",
    change: ({ path, tensor }) =>
      changeHeader(path, ({ [tensor]: found, ...rest }) => ({ ...rest, "other.weight": found })),
    says: [/found/],
  },
  ...Object.entries(FLOATS).map(([name, bits]) => ({
    name: `with ${name}`,
    change: ({ path, tensor }: Target) =>
      changeData(path, tensor, (data) => data.writeUInt32LE(bits, 4)),
    says: [/finite numbers/, /element 1/],
  })),
];

const damaged: Row[] = FAULTS.flatMap(({ name, change, says }, index) => {
  const components = Object.values(COMPONENTS);
  // Every fault in the transformer, and in one of the others in turn.
  return [components[0]!, components[1 + (index % 2)]!].map(({ file, tensor }) =>
    modelRow(
      `weights ${dirname(file)} ${name}`,
      (folder) => change({ path: join(folder, file), tensor }),
      [new RegExp(dirname(file)), ...says],
    ),
  );
});

/** Makes the transformer's file one shard of an index, which `change` then changes. */
const sharded = (change: (index: Record<string, unknown>) => unknown) => async (folder: string) => {
  const path = join(folder, COMPONENTS.transformer.file);
  const header = JSON.parse(
    await readFile(path).then((bytes) =>
      bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE(0))),
    ),
  );
  const shard = "diffusion_pytorch_model-00001-of-00001.safetensors";
  await writeFile(join(dirname(path), shard), await readFile(path));
  await rm(path);
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const index = {
    metadata: { total_size: 0 },
    weight_map: Object.fromEntries(names.map((name) => [name, shard])),
  };
  const changed = change(index) ?? index;
  const text = typeof changed === "string" ? changed : JSON.stringify(changed);
  await writeFile(join(dirname(path), `${basename(path)}.index.json`), text);
};

const mapped = (index: Record<string, unknown>) => index.weight_map as Record<string, unknown>;

const shards: Row[] = (
  [
    ["that is empty", () => "", [/index in JSON/, /an empty file/]],
    ["that is cut off", () => '{"weight_map": {', [/index in JSON/, /found/]],
    ["without a map", () => ({}), [/weight_map/, /found/]],
    ["with a list as map", () => ({ weight_map: [] }), [/weight_map/, /found/]],
    [
      "that names a shard that is missing",
      (index) => {
        mapped(index)["proj_out.bias"] = "diffusion_pytorch_model-00002-of-00002.safetensors";
      },
      [/00002-of-00002/, /ENOENT|no such file|missing/],
    ],
    [
      "that names a file outside its folder",
      (index) => {
        mapped(index)["proj_out.bias"] = "../vae/diffusion_pytorch_model.safetensors";
      },
      [/beside the index/, /\.\.\/vae/],
    ],
    [
      "that names a shard by a number",
      (index) => {
        mapped(index)["proj_out.bias"] = 2;
      },
      [/beside the index/, /found 2/],
    ],
    [
      "that names a tensor which its shard does not have",
      (index) => {
        mapped(index)["proj_out.other"] = mapped(index)["proj_out.bias"];
      },
      [/proj_out\.other/, /found/],
    ],
    [
      "that leaves a tensor out",
      (index) => {
        delete mapped(index)["proj_out.bias"];
      },
      [/proj_out\.bias/, /found/],
    ],
  ] as readonly (readonly [string, (index: Record<string, unknown>) => unknown, RegExp[]])[]
).map(([name, change, says]) =>
  modelRow(`an index of shards ${name}`, sharded(change), [/transformer/, ...says]),
);

/** Weight files that are damaged, and weights that do not fit. */
export const weights: readonly Row[] = [...damaged, ...shards];
