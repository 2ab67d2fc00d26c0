export const textEncoderConfig: Record<string, unknown>;
export const transformerConfig: Record<string, unknown>;
export const autoencoderConfig: Record<string, unknown>;
export const jsonFiles: Record<string, Record<string, unknown>>;
