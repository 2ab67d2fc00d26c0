import { join } from "node:path";
import type { Row } from "./row.js";
import { assemble, dataOf, type Header, headerOf } from "./safetensors-bytes.js";

function planRow(
  name: string,
  change: (plan: Buffer) => Uint8Array,
  says: readonly RegExp[],
  code: 0 | 1 = 1,
): Row {
  return {
    name: `a plan ${name}`,
    args: ({ generateWithPlan }) => generateWithPlan(change),
    code,
    says,
  };
}

const header = (change: (header: Header) => unknown) => (plan: Buffer) => {
  const found = headerOf(plan);
  return assemble(change(found) ?? found, dataOf(plan));
};

/** Changes what the plan's metadata say, a tree of JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a tree of JSON that is broken on purpose
const metadata = (change: (plan: any) => void) =>
  header(({ __metadata__: found }) => {
    const plan = JSON.parse(found!.plan!);
    change(plan);
    found!.plan = JSON.stringify(plan);
  });

const data = (name: string, change: (bytes: Buffer) => void) => (plan: Buffer) => {
  const found = headerOf(plan);
  const bytes = dataOf(plan);
  change(bytes.subarray(...found[name]!.data_offsets));
  return assemble(found, bytes);
};

const places: Row[] = [
  {
    name: "a plan that is missing",
    args: ({ tiny }) => ["generate", "x", ...tiny, "--plan", "none.safetensors"],
    code: 1,
    says: [/none\.safetensors/, /no such file|ENOENT/],
  },
  {
    name: "a plan that is a folder",
    args: ({ tiny, folder }) => ["generate", "x", ...tiny, "--plan", folder],
    code: 1,
    says: [/image-dit-bad-input/, /EISDIR|folder|directory/],
  },
  {
    name: "a plan that is a model's weights",
    args: ({ tiny, model }) => [
      ...["generate", "x", ...tiny],
      ...["--plan", join(model, "vae/diffusion_pytorch_model.safetensors")],
    ],
    code: 1,
    says: [/vae/, /a plan \(format "paroattn\.plan"\)/, /found "pt"/],
  },
  {
    name: "a plan that is text",
    args: ({ tiny, prompts }) => ["generate", "x", ...tiny, "--plan", prompts],
    code: 1,
    says: [/prompts\.txt/, /header/, /found/],
  },
  {
    name: "a plan for another model",
    args: ({ plan, wideModel }) => [
      ...["generate", "x", "--model", wideModel, "--plan", plan, "--threads", "1"],
    ],
    code: 1,
    says: [/a model that fits the plan/, /found/],
  },
  {
    name: "a plan for another size",
    args: ({ tiny, plan }) => ["generate", "x", ...tiny, "--plan", plan, "--width", "128"],
    code: 1,
    says: [/layout/, /16.?x.?16|16×16/, /found/],
  },
  {
    name: "evaluate with a damaged plan among others",
    args: async ({ tiny, plan, file }) => [
      ...["evaluate", ...tiny, "--plan", `${plan},${await file("cut.safetensors", "x")}`],
      ...["--prompts", await file("other.txt", "a cat\n")],
    ],
    code: 1,
    says: [/cut\.safetensors/, /found/],
  },
  {
    name: "inspect with a plan that is missing",
    args: ({ tiny }) => [
      ...["inspect", "x", ...tiny, "--plan", "none.safetensors", "--layer", "0", "--head", "0"],
      ...["--out", "h.png"],
    ],
    code: 1,
    says: [/none\.safetensors/, /no such file|ENOENT/],
  },
];

const files: Row[] = [
  planRow("that is empty", () => Buffer.alloc(0), [/header length/, /file of 0 bytes/]),
  planRow("cut in its header", (plan) => plan.subarray(0, 100), [/found a file of 100 bytes/]),
  planRow("cut in its masks", (plan) => plan.subarray(0, -1), [/found/]),
  planRow("with bytes behind it", (plan) => Buffer.concat([plan, Buffer.alloc(3)]), [/found/]),
  planRow(
    "without metadata",
    header(({ __metadata__: _, ...rest }) => rest),
    [/format "paroattn\.plan"/, /found none/],
  ),
  planRow(
    "of another format",
    header(({ __metadata__: found }) => {
      found!.format = "pt";
    }),
    [/format "paroattn\.plan"/, /found "pt"/],
  ),
  planRow(
    "of a version to come",
    header(({ __metadata__: found }) => {
      found!.version = "2";
    }),
    [/version "1"/, /found "2"/],
  ),
  planRow(
    "without a version",
    header(({ __metadata__: found }) => {
      delete found!.version;
    }),
    [/version "1"/, /found none/],
  ),
  planRow(
    "whose metadata are no JSON",
    header(({ __metadata__: found }) => {
      found!.plan = "{";
    }),
    [/metadata in JSON/, /found other text/],
  ),
  planRow(
    "whose metadata are a list",
    header(({ __metadata__: found }) => {
      found!.plan = "[]";
    }),
    [/plan metadata/, /found/],
  ),
];

const fields: Row[] = [
  planRow(
    "of another architecture",
    metadata((plan) => (plan.architecture = "FluxTransformer")),
    [/architecture/, /FluxTransformer/],
  ),
  planRow(
    "without an architecture",
    metadata((plan) => delete plan.architecture),
    [/architecture/],
  ),
  planRow(
    "of no layers",
    metadata((plan) => (plan.layers = 0)),
    [/layers/],
  ),
  planRow(
    "of more layers than it has",
    metadata((plan) => (plan.layers = 3)),
    [/orders as u8 \[3, 3\]/, /\[2, 3\]/],
  ),
  planRow(
    "of heads in words",
    metadata((plan) => (plan.heads = "three")),
    [/heads/],
  ),
  planRow(
    "of a layout that is larger",
    metadata((plan) => (plan.layout.height = 64)),
    [/masks as u8/, /found u8/],
  ),
  planRow(
    "of a layout beyond all numbers",
    metadata((plan) => (plan.layout.width = 1e15)),
    [/layout\.width/],
  ),
  planRow(
    "of another block size",
    metadata((plan) => (plan.blockSize = 128)),
    [/blockSize/, /64/],
  ),
  planRow(
    "of more buckets than it has",
    metadata((plan) => {
      plan.buckets = { boundaries: [700, 300], steps: [1, 1, 1] };
    }),
    [/masks as u8 \[3, /, /\[2, /],
  ),
  planRow(
    "of buckets in disorder",
    metadata((plan) => {
      plan.buckets = { boundaries: [500, 700], steps: [1, 1, 1] };
    }),
    [/found/],
  ),
  planRow(
    "of no density",
    metadata((plan) => (plan.density.met = 0)),
    [/density\.met/],
  ),
  planRow(
    "of another criterion",
    metadata((plan) => (plan.criterion.kind = "luck")),
    [/criterion\.kind/],
  ),
  planRow(
    "of another precision",
    metadata((plan) => (plan.precision.qk = "f8")),
    [/precision\.qk/],
  ),
  planRow(
    "of no prompts",
    metadata((plan) => (plan.calibration.prompts = [])),
    [/calibration\.prompts/],
  ),
  planRow(
    "of a prompt without its seed",
    metadata((plan) => plan.calibration.seeds.pop()),
    [/calibration/, /seed per prompt/],
  ),
  planRow(
    "of other weights",
    metadata((plan) => (plan.weightsFingerprint = "0".repeat(64))),
    [/calibrated on other weights/, /000000000000/],
    0,
  ),
];

const tensors: Row[] = [
  planRow(
    "with an order that does not exist",
    data("orders", (bytes) => bytes.fill(9)),
    [/an order from 0 to 1/, /found 9 for layer 0, head 0/],
  ),
  planRow(
    "with masks of nothing",
    data("masks", (bytes) => bytes.fill(0)),
    [/found/],
  ),
  planRow(
    "with an empty row",
    data("masks", (bytes) => {
      // 4 x 4 blocks, a row is half a byte: the first row of the first head.
      bytes[0]! &= 0xf0;
    }),
    [/live key block/, /query block 0 .* layer 0, head 0/],
  ),
  planRow(
    "with orders as numbers",
    header((found) => {
      found.orders!.dtype = "I8";
    }),
    [/orders as u8 \[2, 3\]/, /found i8/],
  ),
  planRow(
    "with masks of another shape",
    header((found) => {
      const { masks } = found;
      masks!.shape = [masks!.shape.reduce((product, size) => product * size, 1)];
    }),
    [/masks as u8 \[2, 2, 3, 2\]/, /found u8 \[24\]/],
  ),
  planRow(
    "with a tensor too many",
    header((found) => {
      found.more = { dtype: "U8", shape: [0], data_offsets: [0, 0] };
    }),
    [/the tensors orders and masks/, /"more"/],
  ),
  planRow(
    "without masks",
    header((found) => {
      const { masks, ...rest } = found;
      return { ...rest, other: masks };
    }),
    [/the tensors orders and masks/, /"other"/],
  ),
];

/** Plan files that are damaged, or not for this model. */
export const plans: readonly Row[] = [...places, ...files, ...fields, ...tensors];
