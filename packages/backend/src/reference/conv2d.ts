import { type Shape, type Tensor, toFloat32 } from "@paroattn/tensor";

/** y[b, o, i, j] = Σ x[b, c, i * stride + u - top, j * stride + v - left] W[o, c, u, v] + bias[o]; x is 0 outside. */
export function conv2d(options: {
  input: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
  stride: number;
  padding: readonly [number, number, number, number];
  outputShape: Shape;
}): Float32Array {
  const input = toFloat32(options.input);
  const weight = toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const { stride } = options;
  const [top, , left] = options.padding;
  const [, inputs, height, width] = options.input.shape as [number, number, number, number];
  const [, , kernelHeight, kernelWidth] = options.weight.shape as [number, number, number, number];
  const [batch, outputs, rows, columns] = options.outputShape as [number, number, number, number];
  const result = new Float32Array(batch * outputs * rows * columns);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = bias?.[o] ?? 0;
          for (let c = 0; c < inputs; c++) {
            for (let u = 0; u < kernelHeight; u++) {
              const y = i * stride + u - top;
              if (y < 0 || y >= height) continue;
              for (let v = 0; v < kernelWidth; v++) {
                const x = j * stride + v - left;
                if (x < 0 || x >= width) continue;
                const pixel = input[((b * inputs + c) * height + y) * width + x]!;
                sum += pixel * weight[((o * inputs + c) * kernelHeight + u) * kernelWidth + v]!;
              }
            }
          }
          result[at++] = sum;
        }
      }
    }
  }
  return result;
}
