// The only way to CUDA. Kernels and their launchers include this and nothing of CUDA's own, so that the same source
// is compiled by nvcc for a GPU and by g++ for the emulator (native/emulator), which runs every thread of a block as a fibre.
//
//   __global__, __device__, __host__, __forceinline__, __launch_bounds__(...), __shared__ (static arrays),
//   threadIdx, blockIdx, blockDim, gridDim, __syncthreads(), __syncwarp(), __shfl_*_sync, __ballot_sync, atomicAdd, ...
//   mean the same in both. What differs:
//
//   launch(kernel, LaunchShape{grid, block, shared_bytes}, stream, arguments...)   instead of <<<>>>; returns cudaError_t
//   dynamic_shared<T>()                                                            instead of extern __shared__
//   ptx.h                                                                          instead of asm
//
// The runtime API (cudaMalloc, cudaMemcpyAsync, streams, events, ...) keeps its names in both.
#ifndef PAROATTN_CUDA_COMMON_DEVICE_H_
#define PAROATTN_CUDA_COMMON_DEVICE_H_

#if defined(PAROATTN_EMULATED)
#include "emulator/cuda.h"
#else
#include "common/launch.h"
#endif

#endif  // PAROATTN_CUDA_COMMON_DEVICE_H_
