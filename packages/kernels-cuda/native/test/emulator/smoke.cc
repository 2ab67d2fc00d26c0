// The smallest kernel with everything: barriers, both kinds of shared memory, a shuffle, an atomic.
#include <cstdio>
#include <vector>

#include "common/device.h"

namespace {

using namespace paroattn::cuda;

template <int kThreads>
__global__ void __launch_bounds__(kThreads) block_sums(const float* in, float* sums, unsigned* blocks) {
  __shared__ float warps[kThreads / 32];
  float* staged = dynamic_shared<float>();
  const unsigned thread = threadIdx.x;
  staged[kThreads - 1 - thread] = in[blockIdx.x * kThreads + thread];
  __syncthreads();
  float sum = staged[thread];
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
  if (thread % 32 == 0) warps[thread / 32] = sum;
  __syncthreads();
  if (thread != 0) return;
  float total = 0.0f;
  for (float warp : warps) total += warp;
  sums[blockIdx.x] = total;
  atomicAdd(blocks, 1u);
}

}  // namespace

int main() {
  constexpr int kBlocks = 5, kThreads = 128;
  std::vector<float> in(kBlocks * kThreads), sums(kBlocks);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 97);
  float *device_in, *device_sums;
  unsigned* device_blocks;
  cudaStream_t stream;
  if (cudaStreamCreate(&stream) != cudaSuccess) return 1;
  cudaMalloc(&device_in, in.size() * 4);
  cudaMalloc(&device_sums, sums.size() * 4);
  cudaMalloc(&device_blocks, 4);
  cudaMemsetAsync(device_blocks, 0, 4, stream);
  cudaMemcpyAsync(device_in, in.data(), in.size() * 4, cudaMemcpyHostToDevice, stream);
  launch(block_sums<kThreads>, LaunchShape{kBlocks, kThreads, kThreads * 4}, stream, device_in, device_sums, device_blocks);
  cudaMemcpyAsync(sums.data(), device_sums, sums.size() * 4, cudaMemcpyDeviceToHost, stream);
  unsigned blocks = 0;
  cudaMemcpyAsync(&blocks, device_blocks, 4, cudaMemcpyDeviceToHost, stream);
  const cudaError_t error = cudaStreamSynchronize(stream);
  bool ok = error == cudaSuccess && blocks == kBlocks;
  for (int b = 0; b < kBlocks; ++b) {
    float expected = 0.0f;
    for (int i = 0; i < kThreads; ++i) expected += in[b * kThreads + i];
    ok = ok && sums[b] == expected;
  }
  std::printf("%s\n", ok ? "passed" : "FAILED");
  return ok ? 0 : 1;
}
