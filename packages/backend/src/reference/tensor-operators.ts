import type { Shape, Tensor } from "@paroattn/tensor";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";
import type {
  ActivateOptions,
  AddGatedOptions,
  BinaryOptions,
  CombineOptions,
  ConcatOptions,
  Conv2dOptions,
  Conv3dOptions,
  EmbeddingOptions,
  FeedForwardOptions,
  GroupNormOptions,
  LayerNormOptions,
  LinearOptions,
  PermuteOptions,
  ReshapeOptions,
  RmsNormOptions,
  SliceOptions,
  UpsampleNearest2dOptions,
} from "../operator-options.js";
import { inferActivate } from "../operators/activate.js";
import { inferAddGated } from "../operators/add-gated.js";
import { inferBinary } from "../operators/binary.js";
import { inferCombine } from "../operators/combine.js";
import { inferConcat } from "../operators/concat.js";
import { inferConv2d } from "../operators/conv2d.js";
import { inferConv3d } from "../operators/conv3d.js";
import { inferEmbedding } from "../operators/embedding.js";
import { inferFeedForward } from "../operators/feed-forward.js";
import { inferGroupNorm } from "../operators/group-norm.js";
import { inferLayerNorm } from "../operators/layer-norm.js";
import { inferLinear } from "../operators/linear.js";
import { inferPermute } from "../operators/permute.js";
import { inferReshape } from "../operators/reshape.js";
import { inferRmsNorm } from "../operators/rms-norm.js";
import { inferSlice } from "../operators/slice.js";
import { inferUpsampleNearest2d } from "../operators/upsample-nearest-2d.js";
import { activate } from "./activation.js";
import type { CommandQueue } from "./commands.js";
import { conv2d } from "./conv2d.js";
import { conv3d } from "./conv3d.js";
import { addGated, binary, combine } from "./elementwise.js";
import { embedding } from "./embedding.js";
import { feedForward } from "./feed-forward.js";
import { ReferenceTensor } from "./handles.js";
import { linear } from "./linear.js";
import { concat, permute, slice, upsampleNearest2d } from "./movement.js";
import { groupNorm, layerNorm, rmsNorm } from "./norms.js";
import { rounded } from "./round.js";

type TensorValue<Input> = Input extends DeviceTensor ? Tensor : undefined;
type TensorInputs = Readonly<Record<string, DeviceTensor | undefined>>;

/** The operators that make one tensor: check, then queue. */
export class TensorOperators {
  protected readonly queue: CommandQueue;

  constructor(queue: CommandQueue) {
    this.queue = queue;
  }

  linear(options: LinearOptions): DeviceTensor {
    const { input, weight, bias, activation, gate, residual } = options;
    return this.#compute({
      operator: "linear",
      shape: inferLinear(options),
      inputs: { input, weight, bias, gate, residual },
      compute: (values) => linear({ ...values, activation }),
    });
  }

  feedForward(options: FeedForwardOptions): DeviceTensor {
    const { input, inner, activation, outer, gate, residual } = options;
    return this.#compute({
      operator: "feedForward",
      shape: inferFeedForward(options),
      inputs: {
        input,
        innerWeight: inner.weight,
        innerBias: inner.bias,
        outerWeight: outer.weight,
        outerBias: outer.bias,
        gate,
        residual,
      },
      compute: (values) => feedForward({ ...values, activation }),
    });
  }

  conv2d(options: Conv2dOptions): DeviceTensor {
    const { input, weight, bias, stride = 1, padding = [0, 0, 0, 0] } = options;
    const shape = inferConv2d(options);
    return this.#compute({
      operator: "conv2d",
      shape,
      inputs: { input, weight, bias },
      compute: (values) => conv2d({ ...values, stride, padding, outputShape: shape }),
    });
  }

  conv3d(options: Conv3dOptions): DeviceTensor {
    const { input, weight, bias, padding = [0, 0, 0, 0, 0, 0] } = options;
    const shape = inferConv3d(options);
    return this.#compute({
      operator: "conv3d",
      shape,
      inputs: { input, weight, bias },
      compute: (values) => conv3d({ ...values, padding, outputShape: shape }),
    });
  }

  layerNorm(options: LayerNormOptions): DeviceTensor {
    const { input, weight, bias, scale, shift, epsilon } = options;
    return this.#compute({
      operator: "layerNorm",
      like: input,
      shape: inferLayerNorm(options),
      inputs: { input, weight, bias, scale, shift },
      compute: (values) => layerNorm({ ...values, epsilon }),
    });
  }

  rmsNorm(options: RmsNormOptions): DeviceTensor {
    const { input, weight, epsilon } = options;
    return this.#compute({
      operator: "rmsNorm",
      like: input,
      shape: inferRmsNorm(options),
      inputs: { input, weight },
      compute: (values) => rmsNorm({ ...values, epsilon }),
    });
  }

  groupNorm(options: GroupNormOptions): DeviceTensor {
    const { input, groups, weight, bias, epsilon, activation } = options;
    return this.#compute({
      operator: "groupNorm",
      like: input,
      shape: inferGroupNorm(options),
      inputs: { input, weight, bias },
      compute: (values) => groupNorm({ ...values, groups, epsilon, activation }),
    });
  }

  activate(options: ActivateOptions): DeviceTensor {
    const { input, activation } = options;
    return this.#compute({
      operator: "activate",
      like: input,
      shape: inferActivate(options),
      inputs: { input },
      compute: (values) => activate({ ...values, activation }),
    });
  }

  add(options: BinaryOptions): DeviceTensor {
    return this.#binary("add", options, (a, b) => a + b);
  }

  multiply(options: BinaryOptions): DeviceTensor {
    return this.#binary("multiply", options, (a, b) => a * b);
  }

  addGated(options: AddGatedOptions): DeviceTensor {
    const { residual, value, gate } = options;
    return this.#compute({
      operator: "addGated",
      like: residual,
      shape: inferAddGated(options),
      inputs: { residual, value, gate },
      compute: addGated,
    });
  }

  combine(options: CombineOptions): DeviceTensor {
    const shape = inferCombine(options);
    const factors = options.terms.map((term) => term.factor);
    return this.#compute({
      operator: "combine",
      like: options.terms[0]!.tensor,
      shape,
      inputs: byName(
        options.terms.map((term) => term.tensor),
        (index) => `terms[${index}].tensor`,
      ),
      compute: (values) => combine({ tensors: Object.values(values), factors }),
    });
  }

  embedding(options: EmbeddingOptions): DeviceTensor {
    const { table, ids } = options;
    return this.#compute({
      operator: "embedding",
      shape: inferEmbedding(options),
      inputs: { table, ids },
      compute: embedding,
    });
  }

  permute(options: PermuteOptions): DeviceTensor {
    const shape = inferPermute(options);
    const axes = [...options.axes];
    return this.#compute({
      operator: "permute",
      like: options.input,
      shape,
      inputs: { input: options.input },
      compute: (values) => permute({ ...values, axes, outputShape: shape }),
    });
  }

  reshape(options: ReshapeOptions): DeviceTensor {
    const shape = inferReshape(options);
    const operator = "reshape";
    const inputs = this.queue.claimTensors(operator, { input: options.input });
    const output = new ReferenceTensor(this.queue.stream, { dtype: options.input.dtype, shape });
    this.queue.submit({
      operator,
      inputs,
      outputs: { output },
      // No operator writes to its inputs, so that two handles may share an array.
      run: ({ input }) => ({ output: { ...input, shape } }),
    });
    return output;
  }

  concat(options: ConcatOptions): DeviceTensor {
    const { axis } = options;
    const shape = inferConcat(options);
    return this.#compute({
      operator: "concat",
      like: options.inputs[0]!,
      shape,
      inputs: byName(options.inputs, (index) => `inputs[${index}]`),
      compute: (values) => concat({ inputs: Object.values(values), axis, outputShape: shape }),
    });
  }

  slice(options: SliceOptions): DeviceTensor {
    const { input, axis, start, end } = options;
    return this.#compute({
      operator: "slice",
      like: input,
      shape: inferSlice(options),
      inputs: { input },
      compute: (values) => slice({ ...values, axis, start, end }),
    });
  }

  upsampleNearest2d(options: UpsampleNearest2dOptions): DeviceTensor {
    const { input, factor } = options;
    const shape = inferUpsampleNearest2d(options);
    return this.#compute({
      operator: "upsampleNearest2d",
      like: input,
      shape,
      inputs: { input },
      compute: (values) => upsampleNearest2d({ ...values, factor, outputShape: shape }),
    });
  }

  #binary(
    operator: "add" | "multiply",
    { a, b }: BinaryOptions,
    operation: (a: number, b: number) => number,
  ): DeviceTensor {
    const shape = inferBinary(operator, { a, b });
    return this.#compute({
      operator,
      like: a,
      shape,
      inputs: { a, b },
      compute: (values) => binary({ ...values, operation, outputShape: shape }),
    });
  }

  #compute<Inputs extends TensorInputs>(options: {
    readonly operator: string;
    /** The result is like this one in dtype. Default: f32. */
    readonly like?: DeviceTensor;
    readonly shape: Shape;
    readonly inputs: Inputs;
    compute(
      values: {
        readonly [Name in keyof Inputs]: TensorValue<Inputs[Name]>;
      },
    ): Float32Array | Float64Array;
  }): DeviceTensor {
    const { operator, shape, compute } = options;
    const inputs = this.queue.claimTensors(operator, options.inputs);
    const dtype = (options.like?.dtype ?? "f32") as FloatDType;
    const output = new ReferenceTensor(this.queue.stream, { dtype, shape });
    this.queue.submit({
      operator,
      inputs: inputs as Readonly<Record<string, ReferenceTensor | undefined>>,
      outputs: { output },
      run: (values) => {
        const data = compute(values as Parameters<typeof compute>[0]);
        return { output: rounded(data, { shape, dtype }) };
      },
    });
    return output;
  }
}

function byName(
  tensors: readonly DeviceTensor[],
  name: (index: number) => string,
): Readonly<Record<string, DeviceTensor>> {
  return Object.fromEntries(tensors.map((tensor, index) => [name(index), tensor]));
}
