export const transformerConfig: Record<string, unknown>;
export const autoencoderConfig: Record<string, unknown>;
