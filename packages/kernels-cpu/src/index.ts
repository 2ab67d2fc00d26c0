export { type CpuBackendOptions, createCpuBackend } from "./create.js";
export { CpuBackendError } from "./errors.js";
