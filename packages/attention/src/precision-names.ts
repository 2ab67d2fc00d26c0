import { type AttentionPrecision, InvalidArgumentError, resolvePrecision } from "@paroattn/backend";
import type { AttentionReport } from "./strategy.js";

/** Types of the products' operands, as people write them. */
const TYPES = {
  fp32: "f32",
  fp16: "f16",
  bf16: "bf16",
  int8: "int8",
  int4: "int4",
  fp8: "fp8",
} as const satisfies Readonly<Record<string, AttentionPrecision["pv"]>>;

type Choices = Omit<AttentionPrecision, "qk" | "pv">;

/** What may follow a colon. */
const CHOICES: ReadonlyMap<string, Choices> = new Map<string, Choices>([
  ["tile", { probabilityGroup: "tile" }],
  ["tileRow", { probabilityGroup: "tileRow" }],
  ["row", { probabilityGroup: "row" }],
  ["u7", { probabilityRange: "u7" }],
  ["u8", { probabilityRange: "u8" }],
  ["u4", { probabilityRange: "u4" }],
  ["channelBlock", { valueScale: "channelBlock" }],
  ["rank1", { valueScale: "rank1" }],
  ["smoothed", { keySmoothing: true }],
  ["unsmoothed", { keySmoothing: false }],
]);

/** The names that people meet first; choices may follow each of the integers. */
export const PRECISION_NAMES = ["fp32", "int8", "int4", "int8-qk", "int4-qk"] as const;

/**
 * The precision of a name, for flags and files: the type of both products (`fp32`, `fp16`, `bf16`, `int8`, `int4`); with
 * `-qk` of the queries and keys alone, beside fp32 values; or of each, as in `int4+int8`. Choices follow after colons:
 * `tile`, `tileRow` or `row`; `u7`, `u8` or `u4`; `channelBlock` or `rank1`; `unsmoothed`.
 *
 * Throws an `InvalidArgumentError` that says which names there are.
 *
 * @example
 * precisionFromName("int8"); // int8 for both, tile, u7, channelBlock, keys smoothed
 * precisionFromName("int8-qk"); // { qk: "int8", pv: "f32", keySmoothing: true }
 * precisionFromName("int8:tileRow:u8:rank1").probabilityGroup; // "tileRow"
 */
export function precisionFromName(name: string): AttentionPrecision {
  const [products = "", ...choices] = name.split(":");
  const types = typesOf(products);
  let precision: AttentionPrecision | undefined = types;
  for (const choice of choices) {
    const made: Choices | undefined = CHOICES.get(choice);
    const again = made !== undefined && Object.keys(made).some((key) => key in (precision ?? {}));
    if (made === undefined || again) precision = undefined;
    if (precision === undefined) break;
    precision = { ...precision, ...made };
  }
  try {
    if (precision !== undefined) return resolvePrecision(precision);
  } catch (error) {
    // Choices that do not go together.
    if (!InvalidArgumentError.isInstance(error)) throw error;
  }
  throw new InvalidArgumentError({
    operator: "precisionFromName",
    argument: "a precision",
    expected: `of ${PRECISION_NAMES.join(", ")}, with choices as in int8:tileRow:u8:rank1,`,
    found: JSON.stringify(name),
  });
}

/**
 * The shortest name of a precision: only choices that are not the default ones are told. `precisionFromName` reads it.
 * Throws an `InvalidArgumentError` for choices that do not go together.
 *
 * @example precisionName({ qk: "int8", pv: "int8", probabilityGroup: "tileRow" }) // "int8:tileRow"
 */
export function precisionName(precision: AttentionPrecision): string {
  const { qk, pv, ...choices } = resolvePrecision(precision);
  const defaults = resolvePrecision({ qk, pv });
  const parts = [productsName(qk, pv)];
  for (const [name, choice] of CHOICES) {
    const [key, value] = Object.entries(choice)[0] as [keyof Choices, Choices[keyof Choices]];
    if (choices[key] === value && defaults[key] !== value) parts.push(name);
  }
  return parts.join(":");
}

/** The precision of a report in words, such as "fp32" or "int8 (simulated, no speed claim)". */
export function describePrecision(
  report: Pick<AttentionReport, "precision" | "arithmetic">,
): string {
  const name = precisionName(report.precision);
  return report.arithmetic === "native" ? name : `${name} (simulated, no speed claim)`;
}

function productsName(qk: AttentionPrecision["qk"], pv: AttentionPrecision["pv"]): string {
  if (qk === pv) return nameOf(qk);
  return pv === "f32" ? `${nameOf(qk)}-qk` : `${nameOf(qk)}+${nameOf(pv)}`;
}

function nameOf(type: AttentionPrecision["pv"]): string {
  return Object.entries(TYPES).find(([, known]) => known === type)![0];
}

function typesOf(products: string): Pick<AttentionPrecision, "qk" | "pv"> | undefined {
  const ofValues = products.endsWith("-qk") ? "fp32" : undefined;
  const [first = "", second = ofValues ?? first, ...rest] = products.replace(/-qk$/, "").split("+");
  const qk = typeOf(first);
  const pv = typeOf(second);
  const twice = ofValues !== undefined && products.includes("+");
  if (qk === undefined || qk === "fp8" || pv === undefined || twice || rest.length > 0) {
    return undefined;
  }
  return { qk, pv };
}

function typeOf(name: string): AttentionPrecision["pv"] | undefined {
  return Object.hasOwn(TYPES, name) ? TYPES[name as keyof typeof TYPES] : undefined;
}
