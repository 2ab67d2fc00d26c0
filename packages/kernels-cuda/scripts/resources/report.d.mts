export interface Row {
  readonly kernel: string;
  readonly architecture: string;
  readonly registers: number;
  readonly sharedBytes: number;
  readonly stackBytes: number;
  readonly spillStoreBytes: number;
  readonly spillLoadBytes: number;
}
export interface Report {
  readonly rows: Row[];
  readonly problems: string[];
}
export type Table = Record<string, Record<string, [number, number]>>;
export function reportResources(
  outputs: readonly { readonly source: string; readonly text: string }[],
): Report;
export function toTable(rows: readonly Row[]): Table;
export function compareTables(
  before: Table,
  rows: readonly Row[],
): { increases: string[]; others: string[] };
export function updateTable(before: Table, rows: readonly Row[]): Table;
export function formatTable(rows: readonly Row[]): string;
