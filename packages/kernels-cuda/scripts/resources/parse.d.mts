export interface KernelResources {
  readonly symbol: string;
  readonly architecture: string;
  readonly registers: number;
  readonly sharedBytes: number;
  readonly stackBytes: number;
  readonly spillStoreBytes: number;
  readonly spillLoadBytes: number;
}
export interface Notice {
  readonly code: string;
  readonly symbol: string | undefined;
  readonly text: string;
}
export function parseResources(text: string): { kernels: KernelResources[]; notices: Notice[] };
