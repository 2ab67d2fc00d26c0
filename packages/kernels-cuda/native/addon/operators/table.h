// The operators that the module exports. Each file of this folder adds some.
#ifndef PAROATTN_CUDA_ADDON_OPERATORS_TABLE_H_
#define PAROATTN_CUDA_ADDON_OPERATORS_TABLE_H_

#include <napi.h>

#include <vector>

#include "arguments.h"
#include "view.h"

namespace paroattn {
namespace cuda {

struct OperatorEntry {
  const char* name;
  // Issues the command; returns the handle (or handles) of what it makes.
  Napi::Value (*call)(const View& view, const Arguments& arguments);
};

std::vector<OperatorEntry> norm_operators();
std::vector<OperatorEntry> elementwise_operators();
std::vector<OperatorEntry> layout_operators();
std::vector<OperatorEntry> attention_operators();

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_OPERATORS_TABLE_H_
