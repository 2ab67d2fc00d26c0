export function readableNames(symbols: readonly string[]): Map<string, string>;
export function shortName(demangled: string): string;
