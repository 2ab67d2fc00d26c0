#include <cuda_runtime.h>
namespace paroattn { namespace cuda {
template <typename T, int D> __global__ void __launch_bounds__(128) scale(const T* x, T* y, float f) {
  __shared__ float s[D];
  s[threadIdx.x % D] = float(x[threadIdx.x]);
  __syncthreads();
  y[threadIdx.x] = T(s[(threadIdx.x + 1) % D] * f);
}
template __global__ void scale<float, 64>(const float*, float*, float);
template __global__ void scale<double, 128>(const double*, double*, float);
__global__ void __launch_bounds__(1024, 2) spills(const float4* x, float4* y) {
  float4 v[24];
#pragma unroll
  for (int i = 0; i < 24; i++) v[i] = x[threadIdx.x + 1024 * i];
  __syncthreads();
  float4 t = v[0];
#pragma unroll
  for (int i = 1; i < 24; i++) { t.x = t.x * v[i].y + v[i].x; t.y = t.y * v[i].z + v[i].w; t.z *= v[i].x; t.w += v[i].y; }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 24; i++) { v[i].x += t.x; v[i].y *= t.y; v[i].z += t.z; v[i].w -= t.w; y[threadIdx.x + 1024 * i] = v[i]; }
}
__global__ void stack(const int* at, float* y, int n) {
  float v[32];
  for (int i = 0; i < 32; i++) v[i] = y[i];
  for (int i = 0; i < n; i++) v[at[i] & 31] += 1.0f;
  for (int i = 0; i < 32; i++) y[i] = v[i];
}
}}
