import { type CogVideoXAutoencoder, usualTiling } from "../autoencoders/cogvideox-autoencoder.js";
import { latentSides } from "../autoencoders/cogvideox-autoencoder-config.js";
import { toPictures } from "../generation/decode.js";
import type { LatentDecoder } from "../generation/model.js";
import { uploadFloats } from "../modules/upload.js";

/**
 * Pictures of more elements than this, in the channels of the last resolution and the frames that are decoded together,
 * are decoded in tiles: a GiB for each of the few tensors that are alive at a time.
 */
const MOST_ELEMENTS = 2 ** 28;

/** CogVideoX's autoencoder as the last stage asks for it: one video at a time. */
export function cogVideoXDecoder(autoencoder: CogVideoXAutoencoder): LatentDecoder {
  const { config } = autoencoder;
  const factor = latentSides(config);
  // Of three latent frames, of which the first stays one.
  const elementsPerPixel =
    config.block_out_channels[0]! * (2 * config.temporal_compression_ratio + 1);
  return {
    async decode({ backend, latents, request, onLayer }) {
      const [, , height, width] = request.latentShape as FourSizes;
      const scaled = backend.combine({
        terms: [
          {
            tensor: uploadFloats(backend, latents, 1, ...request.latentShape),
            factor: 1 / config.scaling_factor,
          },
        ],
      });
      const large = elementsPerPixel * height * width * factor ** 2 > MOST_ELEMENTS;
      const { data, shape } = await autoencoder.decode({
        backend,
        latents: backend.permute({ input: scaled, axes: [0, 2, 1, 3, 4] }),
        ...(large && { tiling: usualTiling(config) }),
        ...(onLayer && { onLayer }),
      });
      const [, , frames, rows, columns] = shape as FiveSizes;
      return toPictures(data, { frames, height: rows, width: columns });
    },
  };
}

type FourSizes = readonly [number, number, number, number];
type FiveSizes = readonly [number, number, number, number, number];
