// Why a command failed; what depends on it fails with the same one.
#ifndef PAROATTN_CUDA_ADDON_FAILURE_H_
#define PAROATTN_CUDA_ADDON_FAILURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace paroattn {
namespace cuda {

struct Failure {
  std::string operator_name;
  std::string message;
  // The view whose cancellation stopped the command; 0 where it failed by itself.
  uint64_t cancelled_by = 0;
};
using FailurePtr = std::shared_ptr<const Failure>;

inline FailurePtr make_failure(std::string operator_name, std::string message, uint64_t cancelled_by = 0) {
  return std::make_shared<const Failure>(Failure{std::move(operator_name), std::move(message), cancelled_by});
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_FAILURE_H_
