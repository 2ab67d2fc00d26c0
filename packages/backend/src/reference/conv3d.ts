import { type Shape, type Tensor, toFloat32 } from "@paroattn/tensor";

type FiveSizes = [number, number, number, number, number];

/** y[b, o, t, i, j] = Σ x[b, c, t + s - first, i + u - top, j + v - left] W[o, c, s, u, v] + bias[o]; x is 0 outside. */
export function conv3d(options: {
  input: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
  padding: readonly number[];
  outputShape: Shape;
}): Float32Array {
  const input = toFloat32(options.input);
  const weight = toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const [first, , top, , left] = options.padding as FiveSizes;
  const [, inputs, frames, height, width] = options.input.shape as FiveSizes;
  const [, , kernelFrames, kernelHeight, kernelWidth] = options.weight.shape as FiveSizes;
  const [batch, outputs, times, rows, columns] = options.outputShape as FiveSizes;
  const plane = rows * columns;
  const result = new Float32Array(batch * outputs * times * plane);
  // Sums of one frame: the inner loops then run along rows of memory.
  const sums = new Float64Array(plane);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outputs; o++) {
      for (let t = 0; t < times; t++) {
        sums.fill(bias?.[o] ?? 0);
        for (let c = 0; c < inputs; c++) {
          for (let s = 0; s < kernelFrames; s++) {
            const frame = t + s - first;
            if (frame < 0 || frame >= frames) continue;
            const source = ((b * inputs + c) * frames + frame) * height * width;
            const kernel = ((o * inputs + c) * kernelFrames + s) * kernelHeight * kernelWidth;
            for (let u = 0; u < kernelHeight; u++) {
              for (let v = 0; v < kernelWidth; v++) {
                const factor = weight[kernel + u * kernelWidth + v]!;
                const [from, to] = inside(width, columns, v - left);
                const [above, below] = inside(height, rows, u - top);
                for (let i = above; i < below; i++) {
                  const row = source + (i + u - top) * width + v - left;
                  for (let j = from; j < to; j++) {
                    sums[i * columns + j] = sums[i * columns + j]! + input[row + j]! * factor;
                  }
                }
              }
            }
          }
        }
        result.set(sums, at);
        at += plane;
      }
    }
  }
  return result;
}

/** The output positions whose input, `offset` further, lies inside: from, to. */
function inside(size: number, positions: number, offset: number): [number, number] {
  return [Math.max(0, -offset), Math.min(positions, size - offset)];
}
