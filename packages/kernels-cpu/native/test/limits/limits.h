// What the machine can do at most. All on the threads of OpenMP.
#ifndef PAROATTN_TEST_LIMITS_H_
#define PAROATTN_TEST_LIMITS_H_

#include <cstddef>
#include <functional>

// Does its work once and returns how much that was: floating-point operations, or bytes copied.
using Work = std::function<double()>;

// A copy from and to memory that the work holds and that has been touched.
Work copy_of(size_t bytes);

// oneDNN's matmul [rows, inputs] x [inputs, outputs], f32, in the layouts that it likes best, the weight packed beforehand.
Work matmul_of(size_t rows, size_t inputs, size_t outputs);

#endif  // PAROATTN_TEST_LIMITS_H_
