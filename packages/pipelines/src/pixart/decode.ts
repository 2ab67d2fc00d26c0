import type { Backend } from "@paroattn/backend";
import type { AutoencoderKl } from "../autoencoders/autoencoder-kl.js";
import type { Picture } from "../fidelity/picture.js";
import type { OnLayer } from "../modules/on-layer.js";
import { uploadFloats } from "../modules/upload.js";
import type { Spans } from "../profile/spans.js";
import { refuseNonFinite } from "./refuse-non-finite.js";
import type { PixArtRequest } from "./request.js";

/** Latents of one picture to 8-bit RGB. */
export async function decodePicture(options: {
  readonly decoder: AutoencoderKl;
  readonly request: PixArtRequest;
  readonly backend: Backend;
  /** [channels, height, width]. */
  readonly latents: Float32Array;
  readonly spans: Spans;
  readonly onLayer?: OnLayer;
}): Promise<Picture> {
  const { decoder, request, latents, spans, onLayer } = options;
  using scope = options.backend.scope({ timed: spans.wanted });
  const input = uploadFloats(scope, latents, 1, ...request.latentShape);
  const scaled = scope.combine({
    terms: [{ tensor: input, factor: 1 / decoder.config.scaling_factor }],
  });
  const { data, shape } = await spans.part("picture", scope, () =>
    scope.read(decoder.decode(scope, scaled, onLayer)),
  );
  refuseNonFinite({
    data: data as Float32Array,
    name: "decoded picture",
    advice: "try a lower guidance, dense attention, or another checkpoint",
  });
  const [, , height, width] = shape as [number, number, number, number];
  return { width, height, data: toRgb(data as Float32Array, width * height) };
}

/** Planes in [-1, 1] to interleaved bytes, rounded as diffusers' `VaeImageProcessor` and NumPy do. */
export function toRgb(planes: Float32Array, pixels: number): Uint8Array {
  const rgb = new Uint8ClampedArray(3 * pixels);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < pixels; i++) {
      const value = Math.fround(planes[channel * pixels + i]! / 2 + 0.5);
      // A clamped array rounds halves to even.
      rgb[3 * i + channel] = Math.fround(value * 255);
    }
  }
  return new Uint8Array(rgb.buffer);
}
