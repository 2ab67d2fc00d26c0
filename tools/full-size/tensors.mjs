/**
 * @typedef {object} RandomTensor
 * @property {number[]} shape
 * @property {number} mean
 * @property {number} deviation
 */

/** A list of tensors that layers are added to. */
export class Tensors {
  /** @type {Map<string, RandomTensor>} */
  list = new Map();

  add(name, shape, deviation, mean = 0) {
    this.list.set(name, { shape, mean, deviation });
  }

  /** Weights that keep the variance of what goes through them. */
  linear(name, inputs, outputs, bias = true) {
    this.#weights(name, [outputs, inputs], bias);
  }

  conv2d(name, inputs, outputs, kernel) {
    this.#weights(name, [outputs, inputs, kernel, kernel]);
  }

  conv3d(name, inputs, outputs, kernel) {
    this.#weights(name, [outputs, inputs, kernel, kernel, kernel]);
  }

  norm(name, channels) {
    this.add(`${name}.weight`, [channels], 0.05, 1);
    this.add(`${name}.bias`, [channels], 0.02);
  }

  #weights(name, [outputs, ...inputs], bias = true) {
    this.add(`${name}.weight`, [outputs, ...inputs], inputs.reduce((a, b) => a * b) ** -0.5);
    if (bias) this.add(`${name}.bias`, [outputs], 0.02);
  }
}

/** Bytes of tensors in bf16. */
export function bytesOf(tensors) {
  let bytes = 0;
  for (const { shape } of tensors.values()) bytes += 2 * shape.reduce((a, b) => a * b, 1);
  return bytes;
}
