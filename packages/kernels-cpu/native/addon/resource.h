// What commands make and use: device memory, and later operands and masks.
#ifndef PAROATTN_ADDON_RESOURCE_H_
#define PAROATTN_ADDON_RESOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/weight.h"
#include "memory_pool.h"

namespace paroattn {

class DnnlContext;
class PackedWeight;
struct WeightShape;

// Why a command failed; what depends on it fails with the same one.
struct Failure {
  std::string operator_name;
  std::string message;
  // The view whose cancellation stopped the command; 0 where it failed by itself.
  uint64_t cancelled_by = 0;
};
using FailurePtr = std::shared_ptr<const Failure>;

// Made by one command, used by later ones. Its state is touched on the stream's thread only.
struct Resource {
  virtual ~Resource() = default;
  // Called when the command that makes it begins. Throws std::bad_alloc.
  virtual void allocate() {}
  // Called before each command that does not take it packed. Throws std::bad_alloc and dnnl::error.
  virtual void make_plain(DnnlContext&) {}
  // Called where the command that makes it failed: frees what it holds.
  virtual void discard() noexcept {}

  FailurePtr failure;
};
using ResourcePtr = std::shared_ptr<Resource>;

// Dense memory of a size that is known when the command is issued. The weight of a matrix product lies here packed from its
// first use until something wants it plain: it is used again and again, and seldom by anything else.
class Buffer final : public Resource {
 public:
  Buffer(std::shared_ptr<MemoryPool> pool, size_t bytes);
  ~Buffer() override;

  void allocate() override;
  void make_plain(DnnlContext& dnnl) override;
  void discard() noexcept override;

  // Packs it where it is not; `packs` is set then. Its plain memory is gone afterwards. Throws std::bad_alloc and dnnl::error.
  const PackedWeight& packed(DnnlContext& dnnl, WeightType type, const WeightShape& shape, bool& packs);

  size_t bytes() const noexcept { return bytes_; }
  void* data() const noexcept { return data_; }  // null while it is packed
  float* floats() const noexcept { return static_cast<float*>(data_); }

 private:
  std::shared_ptr<MemoryPool> pool_;
  size_t bytes_;
  void* data_ = nullptr;
  std::unique_ptr<const PackedWeight> packed_;
};
using BufferPtr = std::shared_ptr<Buffer>;

}  // namespace paroattn

#endif  // PAROATTN_ADDON_RESOURCE_H_
