import type { WeightSpec } from "../checkpoint/weight-spec.js";

/** Collects the names and shapes of a component's weights under a prefix. */
export interface SpecBuilder {
  /** Adds one tensor. */
  tensor(name: string, shape: readonly number[]): void;
  /** `nn.Linear`. Default: with bias. */
  linear(name: string, inputs: number, outputs: number, bias?: boolean): void;
  /** `nn.Conv2d` with a square kernel. Default: with bias. */
  conv2d(name: string, inputs: number, outputs: number, kernel: number, bias?: boolean): void;
  /** `nn.Conv3d` with a cubic kernel, with bias. */
  conv3d(name: string, inputs: number, outputs: number, kernel: number): void;
  /** A norm's weight and bias, [channels] each. */
  norm(name: string, channels: number): void;
  /** A builder whose names begin with the prefix and a dot. */
  within(prefix: string): SpecBuilder;
}

/** Lists the weights that `describe` adds. */
export function weightSpec(describe: (spec: SpecBuilder) => void): WeightSpec {
  const shapes = new Map<string, readonly number[]>();
  describe(builder(shapes, ""));
  return shapes;
}

function builder(shapes: Map<string, readonly number[]>, prefix: string): SpecBuilder {
  const tensor = (name: string, shape: readonly number[]) => void shapes.set(prefix + name, shape);
  return {
    tensor,
    linear(name, inputs, outputs, bias = true) {
      tensor(`${name}.weight`, [outputs, inputs]);
      if (bias) tensor(`${name}.bias`, [outputs]);
    },
    conv2d(name, inputs, outputs, kernel, bias = true) {
      tensor(`${name}.weight`, [outputs, inputs, kernel, kernel]);
      if (bias) tensor(`${name}.bias`, [outputs]);
    },
    conv3d(name, inputs, outputs, kernel) {
      tensor(`${name}.weight`, [outputs, inputs, kernel, kernel, kernel]);
      tensor(`${name}.bias`, [outputs]);
    },
    norm(name, channels) {
      tensor(`${name}.weight`, [channels]);
      tensor(`${name}.bias`, [channels]);
    },
    within: (name) => builder(shapes, `${prefix}${name}.`),
  };
}
