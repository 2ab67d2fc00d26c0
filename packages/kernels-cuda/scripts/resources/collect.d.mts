export function collectOutputs(
  folder: string,
): Promise<{ readonly source: string; readonly text: string }[]>;
