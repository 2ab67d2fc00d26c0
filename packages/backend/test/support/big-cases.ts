/** Parts of the names of cases that only say more where tiles and vectors are at work. */
export const BIG = ["60x72 grid, masked", "13x15x18 grid"] as const;

export function isBig({ name }: { readonly name: string }): boolean {
  return BIG.some((part) => name.includes(part));
}
