// Tables on their way to the device, while commands wait and while copies do.
#include "prefetch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/checks.h"
#include "emulator/run.h"

using namespace paroattn::cuda;
using namespace paroattn::test;

namespace {

constexpr size_t kWords = 3000;
constexpr size_t kBytes = kWords * sizeof(uint32_t);

void must(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::printf("%s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

std::vector<uint32_t> words(uint32_t seed) {
  std::vector<uint32_t> out(kWords);
  for (size_t i = 0; i < kWords; ++i) out[i] = seed * 1000003u + static_cast<uint32_t>(i) * 2654435761u;
  return out;
}

// Holds up a stream until it is opened.
class Gate {
 public:
  explicit Gate(cudaStream_t stream) { must(cudaLaunchHostFunc(stream, wait_at, this), "cudaLaunchHostFunc"); }
  void open() { open_ = true; }

 private:
  static void wait_at(void* gate) {
    while (!static_cast<Gate*>(gate)->open_) std::this_thread::yield();
  }
  std::atomic<bool> open_{false};
};

// The parts of a backend that a table passes through.
struct Device {
  explicit Device(size_t limit = 0) : pool(std::make_shared<MemoryPool>(lease, limit)) {}
  ~Device() { cudaStreamSynchronize(commands->get()); }

  std::shared_ptr<const Lease> lease = std::make_shared<const Lease>(0);
  const Lease::Use use{*lease};
  std::shared_ptr<MemoryPool> pool;
  HostPool host{lease};
  EventPool events{lease, cudaEventDisableTiming};
  std::shared_ptr<const CudaStream> commands = std::make_shared<const CudaStream>(lease);
  Prefetch prefetch{lease, pool, host, events, commands};

  Prefetched table(uint32_t seed, TableKind kind = TableKind::kMaskWords) {
    return prefetch.copy(kind, words(seed).data(), kBytes);
  }
};

// What a command that reads the table saw, once it has run.
class Reading {
 public:
  Reading(const Device& device, Prefetched& table) : commands_(device.commands), source_(table.ready<uint32_t>()) {
    void* memory = nullptr;
    must(cudaMalloc(&memory, kBytes), "cudaMalloc");
    seen_ = static_cast<uint32_t*>(memory);
    must(cudaMemcpyAsync(seen_, source_, kBytes, cudaMemcpyDeviceToDevice, commands_->get()), "cudaMemcpyAsync");
  }
  ~Reading() { cudaFree(seen_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  const void* source() const { return source_; }
  bool is(uint32_t seed) const {
    std::vector<uint32_t> out(kWords);
    must(cudaStreamSynchronize(commands_->get()), "cudaStreamSynchronize");
    must(cudaMemcpy(out.data(), seen_, kBytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
    return out == words(seed);
  }

 private:
  std::shared_ptr<const CudaStream> commands_;
  const uint32_t* source_;
  uint32_t* seen_ = nullptr;
};

// Looks from a stream of its own until the memory holds the words, a minute at most.
bool arrives(const Device& device, const void* memory, uint32_t seed, int looks = 60'000) {
  const CudaStream other(device.lease);
  void* locked = nullptr;
  must(cudaHostAlloc(&locked, kBytes, cudaHostAllocDefault), "cudaHostAlloc");
  const std::vector<uint32_t> expected = words(seed);
  const auto* seen = static_cast<const uint32_t*>(locked);
  bool arrived = false;
  for (int look = 0; look < looks && !arrived; ++look) {
    must(cudaMemcpyAsync(locked, memory, kBytes, cudaMemcpyDeviceToHost, other.get()), "cudaMemcpyAsync");
    must(cudaStreamSynchronize(other.get()), "cudaStreamSynchronize");
    arrived = std::equal(expected.begin(), expected.end(), seen);
    if (!arrived && look + 1 < looks) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // Not freed: that would wait for the commands that are held up.
  return arrived;
}

// A table arrives while the commands before its use are still to run.
void check_ahead(Checks& checks) {
  Device device;
  Gate gate(device.commands->get());
  Prefetched table = device.table(1);
  const Reading reading(device, table);
  checks.expect(arrives(device, reading.source(), 1), "a table arrives while commands are held up");
  checks.expect(cudaStreamQuery(device.commands->get()) == cudaErrorNotReady, "the commands have not run");
  gate.open();
  checks.expect(reading.is(1), "and they read it");
}

// A table that is let go while commands that read it wait is not overwritten by the next ones of its size.
void check_retirement(Checks& checks) {
  Device device;
  Gate gate(device.commands->get());
  std::vector<std::unique_ptr<Reading>> readings;
  std::set<const void*> sources;
  for (uint32_t i = 0; i < 20; ++i) {
    Prefetched table = device.table(i);
    readings.push_back(std::make_unique<Reading>(device, table));
    sources.insert(readings.back()->source());
  }
  checks.equal(sources.size(), size_t{2}, "blocks, with the commands held up");
  // Whatever could run ahead has by now.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  gate.open();
  bool right = true;
  for (uint32_t i = 0; i < 20; ++i) right = right && readings[i]->is(i);
  checks.expect(right, "each command reads its own table");
}

// Copies that begin only when they are waited for: commands wait for those of their tables.
void check_behind(Checks& checks) {
  set("PAROATTN_EMULATOR_LATE", "copies");
  Device device;
  std::vector<std::unique_ptr<Reading>> readings;
  Prefetched first = device.table(0);
  Prefetched unread = device.table(1);
  readings.push_back(std::make_unique<Reading>(device, first));
  checks.expect(readings[0]->is(0), "a command waits for the copy");
  first.reset();
  for (uint32_t i = 0; i < 4; ++i) {
    Prefetched table = device.table(10 + i);
    readings.push_back(std::make_unique<Reading>(device, table));
  }
  bool right = true;
  for (uint32_t i = 0; i < 4; ++i) right = right && readings[1 + i]->is(10 + i);
  checks.expect(right, "commands wait for copies into memory used before");
  checks.expect(Reading(device, unread).is(1), "a table read late");
  set("PAROATTN_EMULATOR_LATE", "");
}

// Joined, the commands wait for tables that none of them reads.
void check_join(Checks& checks) {
  set("PAROATTN_EMULATOR_LATE", "copies");
  Device device;
  Prefetched table = device.table(1);
  const void* const place = Reading(device, table).source();
  table.reset();
  must(cudaStreamSynchronize(device.commands->get()), "cudaStreamSynchronize");
  // The next one takes the same place.
  table = device.table(2);
  checks.expect(!arrives(device, place, 2, 1), "a copy that nobody waits for");
  device.prefetch.join();
  must(cudaStreamSynchronize(device.commands->get()), "cudaStreamSynchronize");
  checks.expect(arrives(device, place, 2, 1), "a copy that is waited for");
  set("PAROATTN_EMULATOR_LATE", "");
}

void check_memory(Checks& checks) {
  Device device;
  constexpr size_t kSize = 12288;  // the class of 12,000 bytes
  const auto equal = [&](size_t in_use, size_t kept, const std::string& when) {
    checks.equal(device.pool->report().in_use, in_use, when + ": in use");
    checks.equal(device.pool->report().kept, kept, when + ": kept");
  };
  std::set<const void*> sources;
  for (uint32_t i = 0; i < 200; ++i) {
    Prefetched table = device.table(i);
    Prefetched items = device.table(i, TableKind::kWorkItems);
    sources.insert(table.ready<uint32_t>());
    sources.insert(items.ready<uint32_t>());
    // Now and then the host waits.
    if (i % 7 == 0) must(cudaStreamSynchronize(device.commands->get()), "cudaStreamSynchronize");
  }
  checks.expect(sources.size() <= 4, "two masks' words and two masks' items are held for two hundred masks");
  equal(0, sources.size() * kSize, "a long loop");

  // Tensors and tables never share a block.
  {
    const DeviceMemory tensor(device.pool, kBytes);
    checks.expect(sources.count(tensor.data()) == 0, "a tensor gets no table's block");
  }
  equal(0, (sources.size() + 1) * kSize, "with a tensor");
  device.pool->trim();
  equal(0, 0, "after trimming");
  Prefetched late = device.table(7);
  device.pool->close();
  late.reset();
  equal(0, 0, "once closed");
}

// Kept tables go back to the device before anything is refused.
void check_limit(Checks& checks) {
  Device device(64 << 10);
  {
    std::vector<Prefetched> tables;
    for (uint32_t i = 0; i < 5; ++i) tables.push_back(device.table(i));
    bool refused = false;
    try {
      device.table(6);
    } catch (const OutOfMemory& error) {
      refused = true;
      checks.contains(error.what(), "asked for 12000 bytes", "out of memory");
    }
    checks.expect(refused, "a table above the limit");
  }
  const DeviceMemory tensor(device.pool, 60 << 10);
  checks.expect(tensor.data() != nullptr, "a tensor in the place of kept tables");
}

// Tables may outlive the streams' owner.
void check_end(Checks& checks) {
  Prefetched table;
  std::weak_ptr<MemoryPool> pool;
  {
    Device device;
    pool = device.pool;
    table = device.table(1);
    table.ready<uint32_t>();
  }
  checks.expect(!pool.expired(), "a table keeps the pool");
  table.reset();
  table = Prefetched();
  checks.expect(pool.expired(), "which goes with the last table");
}

}  // namespace

int main() {
  Checks checks;
  check_ahead(checks);
  check_retirement(checks);
  check_behind(checks);
  check_join(checks);
  check_memory(checks);
  check_limit(checks);
  check_end(checks);
  return checks.finish();
}
