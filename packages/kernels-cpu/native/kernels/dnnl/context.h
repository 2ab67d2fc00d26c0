// oneDNN's engine and stream, temporary memory, and a cache of primitives. One per command stream; not thread-safe.
#ifndef PAROATTN_DNNL_CONTEXT_H_
#define PAROATTN_DNNL_CONTEXT_H_

#include <cstdint>
#include <dnnl.hpp>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/aligned_buffer.h"

namespace paroattn {

// A primitive with its descriptors; kernels derive from it and cast back.
struct CachedPrimitive {
  virtual ~CachedPrimitive() = default;
};

class DnnlContext {
 public:
  // The sizes that make a primitive what it is, its kind first.
  using Key = std::vector<int64_t>;

  explicit DnnlContext(const Allocator& allocator)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_), allocator_(allocator) {}

  const dnnl::engine& engine() const noexcept { return engine_; }
  dnnl::stream& stream() noexcept { return stream_; }
  const Allocator& allocator() const noexcept { return allocator_; }

  // The cached primitive of this key, or what make() returns. Valid for the next kMostPrimitives - 1 calls.
  template <class Primitive, class Make>
  Primitive& primitive(const Key& key, const Make& make) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      used_.splice(used_.begin(), used_, found->second);
    } else {
      used_.emplace_front(key, make());
      index_[key] = used_.begin();
      if (used_.size() > kMostPrimitives) {
        index_.erase(used_.back().first);
        used_.pop_back();
      }
    }
    return static_cast<Primitive&>(*used_.front().second);
  }

 private:
  // A model has a few dozen distinct shapes; text of any length makes more.
  static constexpr size_t kMostPrimitives = 256;

  dnnl::engine engine_;
  dnnl::stream stream_;
  Allocator allocator_;
  std::list<std::pair<Key, std::unique_ptr<CachedPrimitive>>> used_;
  std::map<Key, decltype(used_)::iterator> index_;
};

// A view of memory that oneDNN reads or writes.
inline dnnl::memory view(const DnnlContext& context, const dnnl::memory::desc& desc, const void* data) {
  return dnnl::memory(desc, context.engine(), const_cast<void*>(data));
}

}  // namespace paroattn

#endif  // PAROATTN_DNNL_CONTEXT_H_
