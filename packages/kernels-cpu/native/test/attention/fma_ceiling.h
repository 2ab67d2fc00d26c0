#ifndef PAROATTN_TEST_FMA_CEILING_H_
#define PAROATTN_TEST_FMA_CEILING_H_

// A few milliseconds of independent fused multiply-adds on registers, on every thread. Returns how many floating-point
// operations that were, over all threads.
double multiply_add_on(int threads);

#endif  // PAROATTN_TEST_FMA_CEILING_H_
