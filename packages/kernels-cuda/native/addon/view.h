// The opaque objects that TypeScript holds: views of a stream, and handles of what commands make.
#ifndef PAROATTN_CUDA_ADDON_VIEW_H_
#define PAROATTN_CUDA_ADDON_VIEW_H_

#include <napi.h>

#include <memory>

#include "reporter.h"
#include "resource.h"
#include "stream.h"

namespace paroattn {
namespace cuda {

// A root backend or a scope of it.
struct View {
  static constexpr napi_type_tag kTag = {0x83c5b2a10f7e4d69, 0xa1f04e7b92d83c56};
  static constexpr const char* kName = "a view";

  std::shared_ptr<Reporter> reporter;  // before the stream: the waiter reports to it
  std::shared_ptr<Stream> stream;
  std::shared_ptr<ViewState> state;
};

// A tensor, attention operands or a mask; empty once released.
struct Handle {
  static constexpr napi_type_tag kTag = {0x5e07d3c894ab4f12, 0x8d6b1f20c7e95a34};
  static constexpr const char* kName = "a handle";

  ResourcePtr resource;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_VIEW_H_
