#include <cstdint>
// setmaxnreg without minimum block count: C7508; wgmma with touched accumulators
__global__ void reg(float* y) {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 160;");
  y[threadIdx.x] = 1;
}
__global__ void __launch_bounds__(128) wg(float* y, uint64_t a, uint64_t b) {
  float d[4] = {0,0,0,0};
  asm volatile("wgmma.fence.sync.aligned;");
  asm volatile("{wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0,%1,%2,%3}, %4, %5, 1, 1, 1, 0, 0;}" : "+f"(d[0]),"+f"(d[1]),"+f"(d[2]),"+f"(d[3]) : "l"(a),"l"(b));
  asm volatile("wgmma.commit_group.sync.aligned;");
  d[0] += 1.0f;
  y[threadIdx.x] = d[0]+d[1]+d[2]+d[3];
  asm volatile("wgmma.wait_group.sync.aligned 0;");
}
