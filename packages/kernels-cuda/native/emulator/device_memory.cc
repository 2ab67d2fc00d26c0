#include "emulator/device_memory.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>

#include "emulator/poison.h"
#include "emulator/sanitizer.h"

namespace paroattn {
namespace emulator {
namespace {

constexpr size_t kAlignment = 256;
// AddressSanitizer has zones of its own, and notices reads too.
constexpr size_t kGuard = kAddressSanitizer ? 0 : 1024;

struct Allocation {
  unsigned char* memory;  // what was allocated, guards included; null: somebody else's
  size_t bytes;           // usable
};

struct Table {
  std::mutex mutex;
  std::map<uintptr_t, Allocation> device, host;  // by the first usable address
  size_t used = 0;
};

Table& table() {
  static auto* it = new Table;
  return *it;
}

bool contains(const std::map<uintptr_t, Allocation>& allocations, const void* address, size_t bytes) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  auto after = allocations.upper_bound(at);
  if (after == allocations.begin()) return false;
  const auto& [begin, allocation] = *std::prev(after);
  return at - begin <= allocation.bytes && bytes <= allocation.bytes - (at - begin);
}

void release(Allocation& allocation) {
  fill_poison(allocation.memory, allocation.bytes + 2 * kGuard);
  std::free(allocation.memory);
}

}  // namespace

void* allocate_device(size_t bytes, size_t limit) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (bytes > limit || all.used > limit - bytes) return nullptr;
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes + 2 * kGuard) != 0) return nullptr;
  auto* begin = static_cast<unsigned char*>(memory);
  fill_poison(begin, bytes + 2 * kGuard);
  all.device[reinterpret_cast<uintptr_t>(begin + kGuard)] = {begin, bytes};
  all.used += bytes;
  return begin + kGuard;
}

bool free_device(void* memory) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.device.find(reinterpret_cast<uintptr_t>(memory));
  if (found == all.device.end()) return false;
  all.used -= found->second.bytes;
  release(found->second);
  all.device.erase(found);
  return true;
}

void free_all_device() {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  for (auto& [begin, allocation] : all.device) release(allocation);
  all.device.clear();
  all.used = 0;
}

size_t device_bytes_used() {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.used;
}

std::string damaged_allocation() {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  for (const auto& [begin, allocation] : all.device) {
    const bool before = !is_poison(allocation.memory, kGuard);
    const bool after = !is_poison(allocation.memory + kGuard + allocation.bytes, kGuard);
    if (!before && !after) continue;
    // Told once.
    fill_poison(allocation.memory, kGuard);
    fill_poison(allocation.memory + kGuard + allocation.bytes, kGuard);
    return std::string("wrote ") + (before ? "before" : "behind") + " a device allocation of " +
           std::to_string(allocation.bytes) + " bytes";
  }
  return "";
}

void* allocate_host(size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 4096, bytes == 0 ? 1 : bytes) != 0) return nullptr;
  fill_poison(memory, bytes);
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.host[reinterpret_cast<uintptr_t>(memory)] = {static_cast<unsigned char*>(memory), bytes};
  return memory;
}

bool free_host(void* memory) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.host.find(reinterpret_cast<uintptr_t>(memory));
  if (found == all.host.end() || found->second.memory == nullptr) return false;
  std::free(memory);
  all.host.erase(found);
  return true;
}

bool register_host(void* memory, size_t bytes) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  return all.host.emplace(reinterpret_cast<uintptr_t>(memory), Allocation{nullptr, bytes}).second;
}

bool unregister_host(void* memory) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.host.find(reinterpret_cast<uintptr_t>(memory));
  if (found == all.host.end() || found->second.memory != nullptr) return false;
  all.host.erase(found);
  return true;
}

bool is_device_memory(const void* address, size_t bytes) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  return contains(all.device, address, bytes);
}

bool is_locked_host_memory(const void* address, size_t bytes) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  return contains(all.host, address, bytes);
}

bool is_readable_device_memory(const void* address, size_t bytes) {
  auto& all = table();
  std::lock_guard<std::mutex> lock(all.mutex);
  return contains(all.device, address, bytes) || contains(all.host, address, bytes);
}

}  // namespace emulator
}  // namespace paroattn
