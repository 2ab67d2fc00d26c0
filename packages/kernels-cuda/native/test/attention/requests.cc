// What attention() refuses, what it does when it is cancelled, and that results do not depend on the order in which
// threads run, nor on the device.
#include <cstdlib>
#include <functional>
#include <string>

#include "attention_case.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

void check_refusals(Checks& checks) {
  AttentionCase options;
  options.live = [](int, int, int, int) { return true; };
  const HostProblem host = make_problem(options);
  cuda::AttentionProblem valid = host.problem;
  alignas(16) char memory[16] = {};
  uint32_t counter[2] = {};
  valid.output = memory;
  valid.counter = counter;
  const auto refused = [&](const char* what, const std::function<void(cuda::AttentionProblem&)>& spoil) {
    cuda::AttentionProblem problem = valid;
    spoil(problem);
    checks.expect(cuda::attention(problem, nullptr) == cudaErrorInvalidValue, what);
  };
  using Problem = cuda::AttentionProblem;
  refused("head dim", [](Problem& p) { p.operands.head_dim = 80; });
  refused("element", [](Problem& p) { p.operands.element = Element::kF32; });
  refused("batch", [](Problem& p) { p.operands.batch = 0; });
  refused("heads", [](Problem& p) { p.operands.heads = -1; });
  refused("key heads", [](Problem& p) { p.operands.key_heads = 2; });
  refused("no key heads", [](Problem& p) { p.operands.key_heads = 0; });
  refused("query tokens", [](Problem& p) { p.operands.query_tokens = 0; });
  refused("key tokens", [](Problem& p) { p.operands.key_tokens = 0; });
  refused("query blocks", [](Problem& p) { p.operands.query_blocks = 0; });
  refused("key blocks", [](Problem& p) { p.operands.key_blocks = 0; });
  refused("scale 0", [](Problem& p) { p.operands.scale = 0.0f; });
  refused("scale not a number", [](Problem& p) { p.operands.scale = NAN; });
  refused("scale infinite", [](Problem& p) { p.operands.scale = INFINITY; });
  refused("no query", [](Problem& p) { p.operands.query = nullptr; });
  refused("no key", [](Problem& p) { p.operands.key = nullptr; });
  refused("value off its alignment",
          [](Problem& p) { p.operands.value = static_cast<const char*>(p.operands.value) + 8; });
  refused("no key counts", [](Problem& p) { p.operands.key_counts = nullptr; });
  refused("no query rows", [](Problem& p) { p.operands.query_rows = nullptr; });
  refused("no output", [](Problem& p) { p.output = nullptr; });
  refused("output off its alignment", [](Problem& p) { p.output = static_cast<char*>(p.output) + 4; });
  refused("residual off its alignment", [&](Problem& p) { p.residual = memory + 4; });
  refused("no counter", [](Problem& p) { p.counter = nullptr; });
  refused("batch of the mask", [](Problem& p) { p.mask_batch = 2; });
  refused("words of the mask", [](Problem& p) { p.mask_words = 0; });
  refused("items", [](Problem& p) { p.item_count = -1; });
  cuda::AttentionProblem idle = valid;
  idle.item_count = 0;
  checks.expect(cuda::attention(idle, nullptr) == cudaSuccess, "no items, no work");
}

// Once the flag is up, thread blocks finish the item they have and take no other; the counters are left zero all the
// same (run_on_device looks, and runs twice).
void check_cancel(Checks& checks) {
  AttentionCase options;
  options.name = "cancelled";
  options.query_tokens = options.key_tokens = 1;
  options.heads = options.key_heads = 1200;
  const HostProblem host = make_problem(options);
  void* flag = nullptr;
  must(cudaHostAlloc(&flag, sizeof(int), cudaHostAllocMapped), "cudaHostAlloc");
  *static_cast<volatile int*>(flag) = 1;
  void* device_flag = nullptr;
  must(cudaHostGetDevicePointer(&device_flag, flag, 0), "cudaHostGetDevicePointer");
  const auto cancellable = [=](cuda::AttentionProblem& problem) { problem.cancelled = static_cast<int*>(device_flag); };
  const AttentionResult stopped = run_on_device(options, host, cancellable);
  *static_cast<volatile int*>(flag) = 0;
  const AttentionResult finished = run_on_device(options, host, cancellable);
  must(cudaFreeHost(flag), "cudaFreeHost");
  check_result(checks, options, host, finished);
  size_t written = 0, right = 0;
  const float* const sums = stopped.log_sum_exp.data();
  for (size_t i = 0; i < stopped.log_sum_exp.size(); ++i) {
    if (std::isnan(sums[i])) continue;
    ++written;
    right += sums[i] == finished.log_sum_exp[i];
  }
  checks.expect(written > 0 && written < stopped.log_sum_exp.size(), "some items were not taken");
  checks.expect(right == written, "those taken were finished");
}

void check_schedules(Checks& checks) {
  AttentionCase options;
  options.name = "schedules";
  options.query_tokens = options.key_tokens = 260;
  options.live = [](int, int, int q, int k) { return (q * k) % 3 != 1; };
  const HostProblem host = make_problem(options);
  const AttentionResult first = run_on_device(options, host);
  check_result(checks, options, host, first);
  for (const char* seed : {"1", "2", "3", "4", "5"}) {
#if defined(PAROATTN_EMULATED)
    setenv("PAROATTN_EMULATOR_SEED", seed, 1);
    emulator::reload_settings();
#endif
    checks.expect(run_on_device(options, host) == first, std::string("the same to the bit with seed ") + seed);
  }
}

// Head dim 128 has a version for multiprocessors with much shared memory and one for the others: the same arithmetic.
void check_devices(Checks& checks) {
  AttentionCase options;
  options.name = "devices";
  options.head_dim = 128;
  options.query_tokens = options.key_tokens = 260;
  options.live = [](int, int, int q, int k) { return (q + 2 * k) % 3 != 1; };
  const HostProblem host = make_problem(options);
  const AttentionResult first = run_on_device(options, host);
  check_result(checks, options, host, first);
  for (const char* capability : {"8.0", "8.6", "9.0", "12.0"}) {
#if defined(PAROATTN_EMULATED)
    setenv("PAROATTN_EMULATOR_CAPABILITY", capability, 1);
    emulator::reload_settings();
#endif
    checks.expect(run_on_device(options, host) == first, std::string("the same to the bit on sm ") + capability);
  }
}

}  // namespace

int main() {
  Checks checks;
  check_refusals(checks);
  check_cancel(checks);
  check_schedules(checks);
  check_devices(checks);
  return checks.finish();
}
