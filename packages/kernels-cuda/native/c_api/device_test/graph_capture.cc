// Front, attention and block statistics in a CUDA graph: captured once in the strictest mode, replayed on fresh inputs over
// poisoned outputs, and equal to the bit to the same calls without a graph.
// Usage: device_graph_capture [--seed N]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "c_api/device_test/problem.h"

using namespace paroattn;
using namespace paroattn::cuda;

namespace {

constexpr int kReplays = 3;

// One problem with dense and masked attention, which share the work counter, and the statistics.
class Pass {
 public:
  Pass(const Case& one, std::mt19937& random)
      : problem_(one, random),
        words_((problem_.blocks + 127) / 128 * 4),
        mask_(make_mask(problem_.blocks, words_, one.density, random)),
        masked_(problem_.output.host),
        sum_(std::vector<float>(static_cast<size_t>(one.batch) * kHeads * problem_.blocks * problem_.blocks)),
        maximum_(sum_.host),
        small_count_(sum_.host) {}

  void enqueue(cudaStream_t stream) {
    require(front(problem_.front_problem(true), stream), "front");
    AttentionProblem attend;
    attend.operands = problem_.operands(true);
    attend.output_element = problem_.settings.element;
    attend.output = problem_.output.device();
    attend.log_sum_exp = problem_.sums.device();
    attend.counter = problem_.counter.device();
    require(attention(attend, stream), "dense attention");
    attend.mask = mask_.device();
    attend.mask_words = words_;
    attend.output = masked_.device();
    attend.log_sum_exp = nullptr;
    require(attention(attend, stream), "masked attention");
    StatisticsProblem statistics;
    statistics.operands = problem_.operands(true);
    statistics.log_sum_exp = problem_.sums.device();
    statistics.sum = sum_.device();
    statistics.maximum = maximum_.device();
    statistics.small_count = small_count_.device();
    require(block_statistics(statistics, stream), "block_statistics");
  }

  // The graph holds pointers: other inputs come to the same place.
  void draw_inputs(std::mt19937& random) {
    problem_.inputs.host = problem_.random_inputs(random);
    problem_.inputs.to_device();
  }
  void poison() {
    for (DeviceArray<uint16_t>* array : {&problem_.query, &problem_.key, &problem_.value, &problem_.output, &masked_})
      poison(*array);
    for (DeviceArray<float>* array : {&problem_.sums, &sum_, &maximum_, &small_count_}) poison(*array);
    poison(problem_.counts);
    require(cudaDeviceSynchronize(), "poison");
  }
  // Everything that the kernels wrote, one behind the other.
  std::vector<unsigned char> results() {
    std::vector<unsigned char> bytes;
    for (DeviceArray<uint16_t>* array : {&problem_.query, &problem_.key, &problem_.value, &problem_.output, &masked_})
      append(*array, bytes);
    for (DeviceArray<float>* array : {&problem_.sums, &sum_, &maximum_, &small_count_}) append(*array, bytes);
    append(problem_.counts, bytes);
    append(problem_.counter, bytes);
    return bytes;
  }

 private:
  template <typename T>
  static void poison(DeviceArray<T>& array) {
    require(cudaMemset(array.device(), 0xff, array.bytes()), "cudaMemset");
  }
  template <typename T>
  static void append(DeviceArray<T>& array, std::vector<unsigned char>& bytes) {
    array.to_host();
    const auto* first = reinterpret_cast<const unsigned char*>(array.host.data());
    bytes.insert(bytes.end(), first, first + array.bytes());
  }

  Problem problem_;
  int words_;
  DeviceArray<uint32_t> mask_;
  DeviceArray<uint16_t> masked_;
  DeviceArray<float> sum_, maximum_, small_count_;
};

cudaGraphExec_t capture(Pass& pass, cudaStream_t stream) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
  pass.enqueue(stream);
  require(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  require(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  require(cudaGraphDestroy(graph), "cudaGraphDestroy");
  return executable;
}

int check(const Case& one, cudaStream_t stream, std::mt19937& random) {
  int failures = 0;
  const auto expect = [&](bool right, const char* what, int replay) {
    if (right) return;
    std::printf("FAILED %s: %s, replay %d\n", name_of(one).c_str(), what, replay);
    ++failures;
  };
  Pass pass(one, random);
  pass.poison();
  const std::vector<unsigned char> poisoned = pass.results();
  const cudaGraphExec_t graph = capture(pass, stream);
  require(cudaStreamSynchronize(stream), "capture");
  expect(pass.results() == poisoned, "a capture runs nothing", 0);
  std::vector<unsigned char> before;
  for (int replay = 1; replay <= kReplays; ++replay) {
    pass.draw_inputs(random);
    pass.poison();
    require(cudaGraphLaunch(graph, stream), "cudaGraphLaunch");
    require(cudaStreamSynchronize(stream), "replay");
    const std::vector<unsigned char> replayed = pass.results();
    pass.poison();
    pass.enqueue(stream);
    require(cudaStreamSynchronize(stream), "without a graph");
    expect(replayed == pass.results(), "differs from the same without a graph", replay);
    expect(replayed != before, "has the results of other inputs", replay);
    before = replayed;
  }
  require(cudaGraphExecDestroy(graph), "cudaGraphExecDestroy");
  return failures;
}

int run(unsigned seed) {
  std::mt19937 random(seed);
  cudaStream_t stream = nullptr;
  require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  int cases = 0, failures = 0;
  for (const Case& one : {Case{64, Element::kBF16, 330, 2, 0.4}, Case{72, Element::kF16, 130, 1, 0.4},
                          Case{96, Element::kBF16, 65, 1, 0.4}, Case{128, Element::kBF16, 330, 1, 0.4}}) {
    failures += check(one, stream, random);
    ++cases;
  }
  require(cudaStreamDestroy(stream), "cudaStreamDestroy");
  std::printf("%d graphs, %d replays each, %d failures\n", cases, kReplays, failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  unsigned seed = 1;
  for (int i = 1; i + 1 < count; ++i) {
    if (std::strcmp(arguments[i], "--seed") == 0) seed = static_cast<unsigned>(std::atoi(arguments[++i]));
  }
  try {
    return run(seed);
  } catch (const std::exception& error) {
    std::printf("FAILED %s\n", error.what());
    return 1;
  }
}
