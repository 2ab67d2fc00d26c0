#ifndef PAROATTN_TEST_TESTS_H_
#define PAROATTN_TEST_TESTS_H_

#include <cstdint>

class Checks;

// Against a naive double implementation, over shapes, features and seeds.
void check_numerics(Checks& checks, const char* target, uint64_t seeds);
// Error of the exponential.
void check_exp2(Checks& checks, const char* target);
// What the header promises beside numbers: cancellation, allocation, threads, NaN, refusal of dead rows.
void check_contract(Checks& checks, const char* target);
// Codes of queries, keys, values and the map, against codes in double.
void check_quantized(Checks& checks, const char* target);
// Tensors and operands of bf16, against the same numbers in f32.
void check_bf16(Checks& checks, const char* target);
// Live lists, order of work, density.
void check_mask(Checks& checks);
// Where the threads of a team run.
void check_team(Checks& checks);

#endif  // PAROATTN_TEST_TESTS_H_
