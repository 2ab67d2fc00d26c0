import { UnsupportedError } from "@paroattn/backend";
import type { Issuer } from "../issuer.js";

/** The arguments have been checked; the operator has no kernel here. */
export function notOnCuda(issuer: Issuer, operator: string): never {
  issuer.assertUsable(operator);
  throw new UnsupportedError({ backend: "cuda", message: `not on CUDA yet: ${operator}` });
}
