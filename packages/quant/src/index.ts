export { BLOCK_ROWS, type Blocks } from "./block-starts.js";
export { type CodeRange, type Codes, LARGEST_CODE, roundHalfEven } from "./codes.js";
export { dequantize } from "./dequantize.js";
export { type ErrorMeasures, type ErrorMeasuresOptions, errorMeasures } from "./error-measures.js";
export { QuantError } from "./errors.js";
export { type IncoherenceOptions, incoherence } from "./incoherence.js";
export {
  type PackInt4Options,
  packInt4,
  type UnpackInt4Options,
  unpackInt4,
  unpackUint4,
} from "./int4-packing.js";
export {
  QUANTIZATIONS,
  type Quantization,
  quantization,
  quantizationName,
} from "./quantization.js";
export { type QuantizeBlocksOptions, quantizeBlocks } from "./quantize-blocks.js";
export {
  type ProbabilityGroup,
  type ProbabilityRange,
  type QuantizeProbabilitiesOptions,
  quantizeProbabilities,
} from "./quantize-probabilities.js";
export type { Quantized, ScaleLayout } from "./quantized.js";
export {
  type SmoothedKeys,
  type SmoothKeysOptions,
  smoothKeys,
  type TokenMeanOptions,
  tokenMean,
} from "./smooth-keys.js";
