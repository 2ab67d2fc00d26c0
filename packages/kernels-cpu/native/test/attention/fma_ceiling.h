#ifndef PAROATTN_TEST_FMA_CEILING_H_
#define PAROATTN_TEST_FMA_CEILING_H_

// Best rate of independent fused multiply-adds on registers, GFLOP/s over all threads, in a run of a few milliseconds.
double fma_ceiling(int threads);

#endif  // PAROATTN_TEST_FMA_CEILING_H_
