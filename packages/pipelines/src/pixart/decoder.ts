import type { AutoencoderKl } from "../autoencoders/autoencoder-kl.js";
import { toPictures } from "../generation/decode.js";
import type { LatentDecoder } from "../generation/model.js";
import { uploadFloats } from "../modules/upload.js";

/** PixArt's autoencoder as the last stage asks for it: one picture at a time. */
export function pixArtDecoder(autoencoder: AutoencoderKl): LatentDecoder {
  return {
    async decode({ backend, latents, request, onLayer }) {
      const input = uploadFloats(backend, latents, 1, ...request.latentShape);
      const factor = 1 / autoencoder.config.scaling_factor;
      const scaled = backend.combine({ terms: [{ tensor: input, factor }] });
      const { data, shape } = await backend.read(autoencoder.decode(backend, scaled, onLayer));
      const [, , height, width] = shape as [number, number, number, number];
      return toPictures(data as Float32Array, { frames: 1, height, width });
    },
  };
}
