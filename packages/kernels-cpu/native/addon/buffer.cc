#include <new>

#include "dnnl/packed_weight.h"
#include "resource.h"

namespace paroattn {

Buffer::Buffer(std::shared_ptr<MemoryPool> pool, size_t bytes) : pool_(std::move(pool)), bytes_(bytes) {}

Buffer::~Buffer() { discard(); }

void Buffer::allocate() {
  data_ = pool_->allocate(bytes_);
  if (data_ == nullptr) throw std::bad_alloc();
}

void Buffer::make_plain(DnnlContext& dnnl) {
  if (!packed_) return;
  if (data_ == nullptr) allocate();
  packed_->unpack(dnnl, data_);
  packed_.reset();
}

void Buffer::discard() noexcept {
  packed_.reset();
  pool_->release(data_, bytes_);
  data_ = nullptr;
}

const PackedWeight& Buffer::packed(DnnlContext& dnnl, WeightType type, const WeightShape& shape, bool& packs) {
  if (packed_ && !packed_->fits(dnnl, shape, type)) make_plain(dnnl);
  if (packed_) return *packed_;
  packed_ = std::make_unique<const PackedWeight>(dnnl, Weight{data_, type}, shape, type);
  packs = true;
  pool_->release(data_, bytes_);
  data_ = nullptr;
  return *packed_;
}

}  // namespace paroattn
