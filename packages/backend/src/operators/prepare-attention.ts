import {
  type AxisOrder,
  axisOrders,
  type BlockPartition,
  describeLayout,
  type TokenLayout,
} from "@paroattn/reorder";
import type { AttentionPrecision, PrepareAttentionOptions } from "../attention-types.js";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";
import {
  checkEpsilon,
  checkF32,
  checkFloatDtype,
  checkInteger,
  checkRank,
  checkSameDtype,
  checkShape,
  describeShape,
  invalid,
} from "./checks.js";
import { resolvePrecision } from "./precision.js";
import { type CheckedLayout, checkedLayout, partitionOf } from "./sequences.js";

const operator = "prepareAttention";

/** The arguments of `prepareAttention` with every default filled in and every size known. */
export interface ResolvedPrepareAttention {
  readonly batch: number;
  readonly queryTokens: number;
  readonly keyTokens: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Of the projections, and so of the output. */
  readonly dtype: FloatDType;
  /** Factor of the logits. */
  readonly scale: number;
  readonly layout: TokenLayout | undefined;
  /** One order per head; undefined where every head keeps the sequence order. */
  readonly orders: readonly AxisOrder[] | undefined;
  /** Valid keys per batch row; undefined where all are. */
  readonly keyLengths: readonly number[] | undefined;
  /** With its choices. A backend refuses with `UnsupportedError` what it cannot execute. */
  readonly precision: AttentionPrecision;
  readonly label: string | undefined;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  /** The blocks of the (reordered) sequence; the same cut for every order. */
  readonly queryPartition: BlockPartition;
  readonly keyPartition: BlockPartition;
}

/** Checks and completes the arguments of `prepareAttention`. Throws `InvalidArgumentError`. */
export function inferPrepareAttention(options: PrepareAttentionOptions): ResolvedPrepareAttention {
  const { query, key, value, heads, headDim, keyValueHeads = heads, layout, label } = options;
  checkInteger({ operator, argument: "heads" }, heads, 1);
  checkInteger({ operator, argument: "headDim" }, headDim, 1);
  checkInteger({ operator, argument: "keyValueHeads" }, keyValueHeads, 1);
  if (heads % keyValueHeads !== 0) {
    throw invalid(
      { operator, argument: "keyValueHeads" },
      `to be a divisor of ${heads} heads`,
      String(keyValueHeads),
    );
  }
  checkProjection("query", query, heads * headDim);
  checkProjection("key", key, keyValueHeads * headDim);
  const batch = query.shape[0]!;
  const queryTokens = query.shape[1]!;
  const keyTokens = key.shape[1]!;
  checkShape({ operator, argument: "key" }, key, {
    shape: [batch, keyTokens, keyValueHeads * headDim],
    because: "to match the batch of query",
  });
  const sameDtype = { dtype: query.dtype, because: "to match query" };
  checkSameDtype({ operator, argument: "key" }, key, sameDtype);
  checkSameDtype({ operator, argument: "value" }, value, sameDtype);
  checkShape({ operator, argument: "value" }, value, {
    shape: key.shape,
    because: "to match key",
  });
  checkNorm(options);
  checkRope(options, queryTokens, keyTokens);
  const checked = layout && checkLayout(layout, queryTokens, keyTokens);
  const scale = options.scale ?? 1 / Math.sqrt(headDim);
  if (!Number.isFinite(scale)) {
    throw invalid({ operator, argument: "scale" }, "to be a finite number", String(scale));
  }
  const queryPartition = checked?.partition ?? partitionOf(queryTokens);
  const keyPartition = checked?.partition ?? partitionOf(keyTokens);
  return {
    batch,
    queryTokens,
    keyTokens,
    heads,
    keyValueHeads,
    headDim,
    dtype: query.dtype as FloatDType,
    scale,
    layout: checked?.layout,
    orders: checkOrders(options),
    keyLengths: checkKeyLengths(options, batch, keyTokens),
    precision: resolvePrecision(options.precision),
    label,
    queryBlocks: queryPartition.blocks,
    keyBlocks: keyPartition.blocks,
    queryPartition,
    keyPartition,
  };
}

function checkProjection(argument: string, tensor: DeviceTensor, channels: number): void {
  checkFloatDtype({ operator, argument }, tensor);
  const { shape } = tensor;
  if (shape.length !== 3 || shape[2] !== channels || !shape[0] || !shape[1]) {
    throw invalid(
      { operator, argument },
      `of shape [batch, tokens, ${channels}], at least one token,`,
      describeShape(shape),
    );
  }
}

function checkNorm({ norm, headDim }: PrepareAttentionOptions): void {
  if (norm === undefined) return;
  if (norm.kind !== "rms" && norm.kind !== "layer") {
    throw invalid({ operator, argument: "norm.kind" }, "to be rms or layer", String(norm.kind));
  }
  checkEpsilon({ operator, argument: "norm.epsilon" }, norm.epsilon);
  for (const name of ["queryWeight", "keyWeight", "queryBias", "keyBias"] as const) {
    const tensor = norm[name];
    if (tensor === undefined) continue;
    const where = { operator, argument: `norm.${name}` };
    if (norm.kind === "rms" && name.endsWith("Bias")) {
      throw invalid(where, "to be left out of an rms norm", describeShape(tensor.shape));
    }
    checkF32(where, tensor);
    checkShape(where, tensor, { shape: [headDim] });
  }
}

function checkRope(
  { rope, headDim }: PrepareAttentionOptions,
  queryTokens: number,
  keyTokens: number,
): void {
  if (rope === undefined) return;
  const where = { operator, argument: "rope" };
  if (queryTokens !== keyTokens) {
    throw invalid(where, "only with as many keys as queries", `${queryTokens} and ${keyTokens}`);
  }
  if (headDim % 2 !== 0) throw invalid(where, "only with an even headDim", String(headDim));
  if (rope.pairing !== "interleaved" && rope.pairing !== "half") {
    throw invalid(
      { operator, argument: "rope.pairing" },
      "to be interleaved or half",
      String(rope.pairing),
    );
  }
  for (const name of ["cos", "sin"] as const) {
    checkF32({ operator, argument: `rope.${name}` }, rope[name]);
    checkRank({ operator, argument: `rope.${name}` }, rope[name], {
      least: 2,
      most: 2,
      axes: "[tokens, headDim / 2]",
    });
    checkShape({ operator, argument: `rope.${name}` }, rope[name], {
      shape: [queryTokens, headDim / 2],
      because: "for [tokens, headDim / 2]",
    });
  }
}

function checkLayout(layout: TokenLayout, queryTokens: number, keyTokens: number): CheckedLayout {
  const where = { operator, argument: "layout" };
  let checked: CheckedLayout;
  try {
    checked = checkedLayout(layout);
  } catch (error) {
    throw invalid(where, "to be a layout", error instanceof Error ? error.message : String(error));
  }
  const { tokens } = checked;
  if (tokens !== queryTokens || tokens !== keyTokens) {
    throw invalid(
      where,
      `of ${queryTokens} query tokens and ${keyTokens} key tokens`,
      `${describeLayout(layout)} of ${tokens} tokens`,
    );
  }
  return checked;
}

function checkOrders({
  orders,
  layout,
  heads,
}: PrepareAttentionOptions): readonly AxisOrder[] | undefined {
  if (orders === undefined) return undefined;
  const where = { operator, argument: "orders" };
  if (layout === undefined) throw invalid(where, "together with a layout", "no layout");
  if (orders.length !== heads) {
    throw invalid(where, `to be one per head, ${heads}`, String(orders.length));
  }
  const allowed = axisOrders(layout);
  for (let head = 0; head < heads; head++) {
    const order = orders[head]!;
    if (!allowed.includes(order)) {
      throw invalid(
        { operator, argument: `orders[${head}]` },
        `to be one of ${allowed.join(", ")} for the layout ${describeLayout(layout)}`,
        String(order),
      );
    }
  }
  return [...orders];
}

function checkKeyLengths(
  { keyLengths }: PrepareAttentionOptions,
  batch: number,
  keyTokens: number,
): readonly number[] | undefined {
  if (keyLengths === undefined) return undefined;
  if (keyLengths.length !== batch) {
    throw invalid(
      { operator, argument: "keyLengths" },
      `to be one per batch row, ${batch}`,
      String(keyLengths.length),
    );
  }
  for (const [row, length] of keyLengths.entries()) {
    if (!Number.isInteger(length) || length < 1 || length > keyTokens) {
      throw invalid(
        { operator, argument: `keyLengths[${row}]` },
        `to be a whole number in 1..${keyTokens}`,
        String(length),
      );
    }
  }
  return [...keyLengths];
}
