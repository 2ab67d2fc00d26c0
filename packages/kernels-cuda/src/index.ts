export { type CudaBackend, type CudaBackendOptions, createCudaBackend } from "./create.js";
export { CudaBackendError } from "./errors.js";
export type { MemoryReport } from "./native.js";
