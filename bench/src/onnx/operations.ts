import {
  EPSILON,
  type Inputs,
  inputShapes,
  type Operation,
  outputShape,
} from "../peers/operation.js";
import { MICROSOFT, type Model, type Node } from "./model.js";
import { Float } from "./protobuf.js";

const WEIGHTS = ["weight", "bias"];

/** An operation as an ONNX model, in the nodes that onnxruntime's optimizer would make of it or better. */
export function modelOf(operation: Operation, data: Inputs): Model {
  const shapes = Object.entries(inputShapes(operation));
  const weights = Object.fromEntries(
    shapes.flatMap(([name, shape]) =>
      WEIGHTS.includes(name) ? [[name, { shape, data: data[name]! }]] : [],
    ),
  );
  return {
    nodes: nodesOf(operation),
    inputs: Object.fromEntries(shapes.filter(([name]) => !(name in weights))),
    weights,
    output: outputShape(operation),
  };
}

function nodesOf(operation: Operation): Node[] {
  const output = "output";
  switch (operation.kind) {
    case "attention":
      return [
        {
          operator: "MultiHeadAttention",
          domain: MICROSOFT,
          inputs: ["query", "key", "value"],
          output,
          attributes: { num_heads: operation.heads },
        },
      ];
    case "linear": {
      const gemm = { operator: "Gemm", attributes: { transB: 1 } };
      if (operation.activation === undefined) {
        return [{ ...gemm, inputs: ["input", "weight", "bias"], output }];
      }
      // The bias goes into the activation's pass.
      return [
        { ...gemm, inputs: ["input", "weight"], output: "product" },
        { operator: "FastGelu", domain: MICROSOFT, inputs: ["product", "bias"], output },
      ];
    }
    case "adaptiveLayerNorm":
      // One pass: with one batch row the modulation is the norm's own weight and bias.
      return [
        {
          operator: "LayerNormalization",
          inputs: ["input", "factor", "shift"],
          output,
          attributes: { epsilon: new Float(EPSILON) },
        },
      ];
    case "rmsNorm":
      return [
        {
          operator: "SimplifiedLayerNormalization",
          inputs: ["input", "weight"],
          output,
          attributes: { epsilon: new Float(EPSILON) },
        },
      ];
    case "groupNormSilu":
      return [
        {
          operator: "GroupNormalization",
          inputs: ["input", "weight", "bias"],
          output: "norm",
          attributes: { epsilon: new Float(EPSILON), num_groups: operation.groups },
        },
        silu("norm", output),
      ];
    case "activate":
      if (operation.activation === "silu") return [silu("input", output)];
      return [{ operator: "Gelu", domain: MICROSOFT, inputs: ["input"], output }];
    case "conv3x3":
      return [
        {
          operator: "Conv",
          inputs: ["input", "weight", "bias"],
          output,
          attributes: { pads: [1, 1, 1, 1] },
        },
      ];
  }
}

/** x * sigmoid(alpha x) with alpha 1. */
function silu(input: string, output: string): Node {
  const attributes = { alpha: new Float(1) };
  return { operator: "QuickGelu", domain: MICROSOFT, inputs: [input], output, attributes };
}
