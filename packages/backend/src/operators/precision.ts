import { QUANTIZATIONS, quantizationName } from "@paroattn/quant";
import type { AttentionPrecision } from "../attention-types.js";
import { invalid } from "./checks.js";

const operator = "prepareAttention";

const FLOATS: AttentionPrecision = Object.freeze({ qk: "f32", pv: "f32" });
const QUERY_KEY: readonly string[] = ["f32", "f16", "bf16", "int8", "int4"];
const VALUE: readonly string[] = [...QUERY_KEY, "fp8"];

/**
 * A precision with the choices that belong to it filled in: those of the softmax map and the values with int8 or int4
 * values, smoothing with int8 or int4 queries and keys. Throws `InvalidArgumentError` for a type that does not exist, a
 * choice without the integers that it is about, and choices that do not go together.
 */
export function resolvePrecision(precision: AttentionPrecision = FLOATS): AttentionPrecision {
  if (precision === FLOATS) return precision;
  const { qk, pv } = precision;
  checkName("precision.qk", qk, QUERY_KEY);
  checkName("precision.pv", pv, VALUE);
  return { qk, pv, ...valueChoices(precision), ...keyChoices(precision) };
}

/** Bits of the codes of an integer type; undefined for a float. */
export function codeBits(type: AttentionPrecision["pv"]): 8 | 4 | undefined {
  if (type === "int8") return 8;
  return type === "int4" ? 4 : undefined;
}

function checkName(argument: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw invalid({ operator, argument }, `to be one of ${names.join(", ")}`, String(name));
}

function valueChoices(precision: AttentionPrecision): Partial<AttentionPrecision> {
  const bits = codeBits(precision.pv);
  if (bits === undefined) {
    for (const choice of ["probabilityGroup", "probabilityRange", "valueScale"] as const) {
      refuseChoice(precision, choice, `values of int8 or int4, not ${precision.pv}`);
    }
    return {};
  }
  const { probabilityGroup = "tile", valueScale = "channelBlock" } = precision;
  const { probabilityRange = bits === 4 ? "u4" : "u7" } = precision;
  const choices = { probabilityGroup, probabilityRange, valueScale };
  const names = QUANTIZATIONS.map(quantizationName);
  const name = quantizationName({ bits, ...choices });
  if (!names.includes(name)) {
    const ofBits = names.filter((one) => one.startsWith(`int${bits} `));
    throw invalid({ operator, argument: "precision" }, `to be one of ${ofBits.join(", ")}`, name);
  }
  return choices;
}

function keyChoices(precision: AttentionPrecision): Partial<AttentionPrecision> {
  if (codeBits(precision.qk) === undefined) {
    refuseChoice(precision, "keySmoothing", `keys of int8 or int4, not ${precision.qk}`);
    return {};
  }
  return { keySmoothing: precision.keySmoothing ?? true };
}

function refuseChoice(
  precision: AttentionPrecision,
  choice: keyof AttentionPrecision,
  needed: string,
): void {
  if (precision[choice] === undefined) return;
  const where = { operator, argument: `precision.${choice}` };
  throw invalid(where, `only with ${needed},`, String(precision[choice]));
}
