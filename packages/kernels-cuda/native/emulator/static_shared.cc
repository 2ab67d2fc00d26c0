#include "emulator/static_shared.h"

#include <link.h>

#include <cstdint>

namespace paroattn {
namespace emulator {
namespace {

// The loader gives a thread its copy of a module's variables when it first touches one of them.
thread_local volatile unsigned char touched;

struct Search {
  uintptr_t code;  // an address inside the module
  MemoryRange found;
};

int visit(dl_phdr_info* module, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  bool mine = false;
  size_t bytes = 0;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& segment = module->dlpi_phdr[i];
    const uintptr_t begin = module->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && search.code >= begin && search.code - begin < segment.p_memsz) mine = true;
    if (segment.p_type == PT_TLS) bytes = segment.p_memsz;
  }
  if (!mine) return 0;
  if (module->dlpi_tls_data != nullptr) search.found = {static_cast<unsigned char*>(module->dlpi_tls_data), bytes};
  return 1;
}

}  // namespace

MemoryRange static_shared_memory() {
  touched = 0;
  Search search{reinterpret_cast<uintptr_t>(&visit), {}};
  dl_iterate_phdr(visit, &search);
  return search.found;
}

}  // namespace emulator
}  // namespace paroattn
