# Kernels for GPUs. CMAKE_CUDA_ARCHITECTURES comes from the command line; every GPU supported has mma.m16n8k16 and cp.async.
if(PAROATTN_SANITIZE)
  message(FATAL_ERROR "PAROATTN_SANITIZE needs PAROATTN_EMULATED=ON: sanitizers do not see GPUs")
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80)
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(CMAKE_CUDA_FLAGS_RELEASE "-O3 -DNDEBUG")

# Static: the binary needs libcuda, from the driver, only when it first uses the device.
find_package(CUDAToolkit REQUIRED)
add_library(paroattn_cuda_runtime INTERFACE)
target_link_libraries(paroattn_cuda_runtime INTERFACE CUDA::cudart_static)

list(JOIN PAROATTN_WARNINGS "," PAROATTN_HOST_WARNINGS)
set(PAROATTN_CUDA_WARNINGS -Xcompiler=${PAROATTN_HOST_WARNINGS})
if(PAROATTN_WARNINGS_ARE_ERRORS)
  list(PREPEND PAROATTN_CUDA_WARNINGS -Werror=all-warnings)
endif()

function(paroattn_cuda_sources target)
  # relaxed-constexpr: headers with constexpr functions serve hosts too. -v: registers, spills and shared memory of every
  # kernel; keep_log.sh puts them beside the object, so that they outlive an incremental build.
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-Xptxas=-v;${PAROATTN_CUDA_WARNINGS}>"
    "$<$<COMPILE_LANGUAGE:CXX>:${PAROATTN_WARNINGS}>")
  set_target_properties(${target} PROPERTIES
    CUDA_COMPILER_LAUNCHER "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/keep_log.sh")
endfunction()
