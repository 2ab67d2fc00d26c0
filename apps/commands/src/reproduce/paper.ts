/** What the paper reports beside a row; what is not there it does not tell. */
export interface PaperNumbers {
  /** In dB. */
  readonly psnr?: number;
  readonly ssim?: number;
  readonly cosine?: number;
  /** Of the attention operator, against FlashAttention-2: sparse on an A100, quantized on an RTX 4090. */
  readonly attentionSpeedup?: number;
}

/**
 * CogVideoX-5B against its FP16 dense output, by row: PAROAttention (arXiv 2506.16054), section 5. Facts of the paper, not
 * measured here. Its rows with QK alone quantized are SageAttention's (QK8, PV16) and SageAttention2's (QK4, PV in FP8).
 */
export const PAPER: Readonly<Record<string, PaperNumbers>> = {
  "paro 0.5": { psnr: 29.14, ssim: 0.936, cosine: 0.997, attentionSpeedup: 1.73 },
  "native 0.5": { psnr: 26.25, ssim: 0.907 },
  "paro 0.3": { psnr: 22.89, ssim: 0.829, cosine: 0.984, attentionSpeedup: 2.71 },
  "paro 0.2": { psnr: 19.39, ssim: 0.744, cosine: 0.962, attentionSpeedup: 3.81 },
  "own masks at every step": { psnr: 29.09 },
  "int8 qk": { psnr: 29.58, cosine: 0.997 },
  int8: { psnr: 29.01, cosine: 0.996, attentionSpeedup: 1.83 },
  "int4 qk": { psnr: 24.46, cosine: 0.979 },
  int4: { psnr: 24.16, cosine: 0.985, attentionSpeedup: 2.97 },
  "paro 0.3 int8": { psnr: 21.49, attentionSpeedup: 5.72 },
  "paro 0.5 int4": { psnr: 24.34, attentionSpeedup: 9.28 },
};

/** Incoherence of the paper's example map (section 4.3): row groups, block groups, block groups after the reorder. */
export const PAPER_INCOHERENCE = { rows: 483, nativeTiles: 93, tiles: 22 } as const;
