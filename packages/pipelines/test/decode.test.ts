import type { Backend } from "@paroattn/backend";
import { afterAll, expect, it } from "vitest";
import type { AutoencoderKl } from "../src/autoencoders/autoencoder-kl.js";
import { uploadFloats } from "../src/modules/upload.js";
import { decodePicture } from "../src/pixart/decode.js";
import type { PixArtRequest } from "../src/pixart/request.js";
import { createSpans } from "../src/profile/spans.js";
import { createBackend } from "./components.js";

const backend = createBackend();
afterAll(() => backend.dispose());

it("refuses a decoded picture that is not finite, and rounds and clamps others", async () => {
  const decoded = Float32Array.of(-1, 0, 0.5, 1, 3, -3, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6);
  const decoder = {
    config: { scaling_factor: 1 },
    decode: (scope: Backend) => uploadFloats(scope, decoded, 1, 3, 2, 2),
  } as unknown as AutoencoderKl;
  const request = { latentShape: [1, 1, 1] } as unknown as PixArtRequest;
  const spans = createSpans(undefined);
  const latents = new Float32Array(1);
  const decode = () => decodePicture({ decoder, request, backend, latents, spans });
  expect([...(await decode()).data]).toEqual([
    0, 255, 166, 128, 0, 178, 191, 140, 191, 255, 153, 204,
  ]);
  decoded[6] = Number.NaN;
  await expect(decode()).rejects.toThrow(
    "Expected finite numbers in the decoded picture but found NaN or an infinity at element 6",
  );
});
