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

function(paroattn_cuda_sources target)
  # relaxed-constexpr: headers with constexpr functions serve hosts too. -v: registers, spills and shared memory of every
  # kernel; keep_log.sh puts them beside the object, so that they outlive an incremental build.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -Xptxas=-v -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Werror>
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror>)
  set_target_properties(${target} PROPERTIES
    CUDA_COMPILER_LAUNCHER "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/keep_log.sh")
endfunction()
