/** The row of our dense FP32 attention, front included. */
export const OURS = "paroattn";

/** The row of the attention kernel alone, in the command stream. */
export const kernelOf = (name: string) => `${name}, kernel alone`;
