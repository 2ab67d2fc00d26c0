// Masks on the way to the device, against the same masks copied beforehand.
#include "attention/mask_prefetch.h"

#include <string>
#include <vector>

#include "attention_case.h"

using namespace paroattn;
using namespace paroattn::test;
using cuda::DeviceMask;
using cuda::LayerMask;
using cuda::MaskPrefetch;

namespace {

LayerMask random_layer(Random& random, size_t words, size_t items) {
  LayerMask layer;
  for (size_t i = 0; i < words; ++i) layer.words.push_back(random.next());
  for (size_t i = 0; i < items; ++i) layer.items.push_back({random.next(), random.next()});
  return layer;
}

// Each acquisition is used by a copy on the stream, read only at the very end: a mask that is overwritten too early, or
// read before it has arrived, shows.
void check_contents(Checks& checks, const std::vector<int>& turns, const std::string& name) {
  Random random(5);
  std::vector<LayerMask> layers;
  for (int i = 0; i < 4; ++i)
    layers.push_back(random_layer(random, 1000 + 4 * random.below(2000), 1 + random.below(500)));
  layers.push_back(LayerMask());  // dense
  std::unique_ptr<MaskPrefetch> prefetch;
  must(MaskPrefetch::create(layers, &prefetch), "MaskPrefetch::create");
  cudaStream_t streams[2];
  for (cudaStream_t& stream : streams)
    must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  std::vector<std::unique_ptr<DeviceBytes>> words, items;
  bool shapes = true;
  for (size_t turn = 0; turn < turns.size(); ++turn) {
    const LayerMask& layer = layers[static_cast<size_t>(turns[turn])];
    const size_t words_bytes = layer.words.size() * sizeof(uint32_t);
    const size_t items_bytes = layer.items.size() * sizeof(cuda::WorkItem);
    words.push_back(std::make_unique<DeviceBytes>(words_bytes));
    items.push_back(std::make_unique<DeviceBytes>(items_bytes));
    cudaStream_t stream = streams[turn / 3 % 2];
    DeviceMask mask;
    must(prefetch->acquire(turns[turn], stream, &mask), "acquire");
    shapes = shapes && mask.item_count == static_cast<int>(layer.items.size()) &&
             (mask.words == nullptr) == layer.words.empty() && (mask.items == nullptr) == layer.items.empty() &&
             reinterpret_cast<uintptr_t>(mask.words) % 16 == 0 && reinterpret_cast<uintptr_t>(mask.items) % 16 == 0;
    if (layer.words.empty()) continue;
    must(cudaMemcpyAsync(words.back()->device(), mask.words, words_bytes, cudaMemcpyDeviceToDevice, stream), "use");
    must(cudaMemcpyAsync(items.back()->device(), mask.items, items_bytes, cudaMemcpyDeviceToDevice, stream), "use");
  }
  must(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  bool same = true;
  for (size_t turn = 0; turn < turns.size(); ++turn) {
    const LayerMask& layer = layers[static_cast<size_t>(turns[turn])];
    words[turn]->download();
    items[turn]->download();
    same = same && std::equal(layer.words.begin(), layer.words.end(), words[turn]->as<uint32_t>());
    for (size_t i = 0; i < layer.items.size(); ++i) {
      const cuda::WorkItem item = items[turn]->as<cuda::WorkItem>()[i];
      same = same && item.head == layer.items[i].head && item.query_block == layer.items[i].query_block;
    }
  }
  checks.expect(shapes, name + ": shapes");
  checks.expect(same, name + ": contents");
  prefetch.reset();
  for (cudaStream_t& stream : streams) must(cudaStreamDestroy(stream), "cudaStreamDestroy");
}

// Two layers of attention with prefetched masks give what masks at hand give.
void check_attention(Checks& checks) {
  std::vector<AttentionCase> cases(3);
  std::vector<LayerMask> layers;
  for (size_t i = 0; i < cases.size(); ++i) {
    cases[i].name = "layer " + std::to_string(i);
    cases[i].query_tokens = cases[i].key_tokens = 260;
    cases[i].live = [i](int, int, int q, int k) { return (q + k + static_cast<int>(i)) % 3 == 0; };
    const HostProblem host = make_problem(cases[i]);
    layers.push_back({host.mask, host.items});
  }
  std::unique_ptr<MaskPrefetch> prefetch;
  must(MaskPrefetch::create(layers, &prefetch), "MaskPrefetch::create");
  for (int step = 0; step < 2; ++step) {
    for (size_t i = 0; i < cases.size(); ++i) {
      const HostProblem host = make_problem(cases[i]);
      const AttentionResult expected = run_on_device(cases[i], host);
      DeviceMask mask;
      must(prefetch->acquire(static_cast<int>(i), nullptr, &mask), "acquire");
      const auto with_mask = [&](cuda::AttentionProblem& problem) {
        problem.mask = mask.words;
        problem.items = mask.items;
        problem.item_count = mask.item_count;
      };
      checks.expect(run_on_device(cases[i], host, with_mask) == expected, cases[i].name);
    }
  }
}

void check_refusals(Checks& checks) {
  std::unique_ptr<MaskPrefetch> prefetch;
  checks.expect(MaskPrefetch::create({}, &prefetch) == cudaErrorInvalidValue && !prefetch, "no layers");
  checks.expect(MaskPrefetch::create({LayerMask()}, &prefetch) == cudaErrorInvalidValue && !prefetch,
                "only dense layers");
  Random random(1);
  must(MaskPrefetch::create({random_layer(random, 8, 3)}, &prefetch), "MaskPrefetch::create");
  DeviceMask mask;
  checks.expect(prefetch->acquire(-1, nullptr, &mask) == cudaErrorInvalidValue, "layer -1");
  checks.expect(prefetch->acquire(1, nullptr, &mask) == cudaErrorInvalidValue, "a layer too many");
  checks.expect(prefetch->acquire(0, nullptr, &mask) == cudaSuccess && mask.item_count == 3, "the only layer");
  checks.expect(prefetch->host_bytes() == 32 + 32 && prefetch->device_bytes() == 2 * 64, "bytes");
}

}  // namespace

int main() {
  Checks checks;
  check_contents(checks, {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0}, "in turn");
  check_contents(checks, {3, 3, 0, 2, 2, 1, 4, 4, 0, 3, 1, 1, 0, 3, 2, 0}, "out of turn");
  check_attention(checks);
  check_refusals(checks);
  return checks.finish();
}
