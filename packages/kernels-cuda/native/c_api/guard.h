// No exception crosses the C API: it becomes paroattn_invalid, and its words are kept for paroattn_last_error().
#ifndef PAROATTN_CUDA_C_API_GUARD_H_
#define PAROATTN_CUDA_C_API_GUARD_H_

#include <exception>

#include "c_api/c_api.h"

namespace paroattn {
namespace cuda {

void remember_error(const char* text);

// Runs the body, which returns a cudaError_t (or an int of the same meaning).
template <typename Body>
int guarded(Body&& body) {
  try {
    return static_cast<int>(body());
  } catch (const std::exception& error) {
    remember_error(error.what());
  } catch (...) {
    remember_error("an unknown exception");
  }
  return paroattn_invalid;
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_C_API_GUARD_H_
