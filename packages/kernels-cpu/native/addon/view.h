// The opaque objects that TypeScript holds: views of a stream, and handles of what commands make.
#ifndef PAROATTN_ADDON_VIEW_H_
#define PAROATTN_ADDON_VIEW_H_

#include <napi.h>

#include <memory>

#include "command.h"
#include "reporter.h"
#include "resource.h"
#include "stream.h"

namespace paroattn {

// A root backend or a scope of it.
struct View {
  static constexpr napi_type_tag kTag = {0x6f1d4a0c0d5e4b11, 0x9c7e52f3a8b04d21};
  static constexpr const char* kName = "a view";

  std::shared_ptr<Reporter> reporter;  // before the stream: the stream's thread reports to it
  std::shared_ptr<Stream> stream;
  std::shared_ptr<ViewState> state;
};

// A tensor, attention operands or a mask; empty once released.
struct Handle {
  static constexpr napi_type_tag kTag = {0x2b9f6c7742aa4f0e, 0xb1d06a9c35e74c83};
  static constexpr const char* kName = "a handle";

  ResourcePtr resource;
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_VIEW_H_
