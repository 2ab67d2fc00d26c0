import { UnsupportedError } from "@paroattn/backend";

/** The kernels take shapes and lists of a fixed length by value. */
const MOST_AXES = 8;
const MOST_TERMS = 64;

export function checkRank(operator: string, rank: number): void {
  if (rank > MOST_AXES) refuse(`${operator} with ${rank} axes`, `with up to ${MOST_AXES}`);
}

export function checkTerms(operator: string, terms: number): void {
  if (terms > MOST_TERMS) refuse(`${operator} of ${terms} terms`, `of up to ${MOST_TERMS}`);
}

function refuse(what: string, limit: string): never {
  throw new UnsupportedError({
    backend: "cuda",
    message: `cuda: ${what} is not available yet, only ${limit}`,
  });
}
