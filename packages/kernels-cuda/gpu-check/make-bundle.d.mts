export const SIZE_LIMIT: number;
export function makeBundle(
  folder: string,
  options?: { readonly node?: string; readonly keepBuild?: boolean },
): Promise<{
  readonly bytes: number;
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}>;
