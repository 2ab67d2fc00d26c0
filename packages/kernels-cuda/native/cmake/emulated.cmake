# Kernels are C++ for the emulator, which takes the place of the CUDA runtime.
if(PAROATTN_SANITIZE)
  add_compile_definitions(PAROATTN_SANITIZE=1)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -UNDEBUG)
  add_link_options(-fsanitize=address,undefined)
endif()

# So that a product and a sum stay two roundings, where kernels do not say fmaf.
add_compile_options(-ffp-contract=off)

file(GLOB EMULATOR_SOURCES CONFIGURE_DEPENDS emulator/*.cc)
add_library(paroattn_cuda_runtime STATIC ${EMULATOR_SOURCES})
target_include_directories(paroattn_cuda_runtime PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/kernels)
target_compile_definitions(paroattn_cuda_runtime PUBLIC PAROATTN_EMULATED=1)
target_compile_options(paroattn_cuda_runtime PRIVATE ${PAROATTN_WARNINGS})
target_link_libraries(paroattn_cuda_runtime PUBLIC Threads::Threads ${CMAKE_DL_LIBS})

function(paroattn_cuda_sources target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cu$")
  if(sources)
    set_source_files_properties(${sources} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-xc++")
  endif()
  # #pragma unroll is not C++'s.
  target_compile_options(${target} PRIVATE ${PAROATTN_WARNINGS} -Wno-unknown-pragmas)
endfunction()
