#include "emulator/symbol_name.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

namespace paroattn {
namespace emulator {
namespace {

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  if (text == nullptr) return name;
  std::string out = text;
  std::free(text);
  // Without the types of the parameters, and of the result that comes first where the function is a template.
  int depth = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out.compare(i, 21, "(anonymous namespace)") == 0) {
      i += 20;
    } else if (out[i] == '<') {
      ++depth;
    } else if (out[i] == '>') {
      --depth;
    } else if (out[i] == '(' && depth == 0) {
      out.resize(i);
      break;
    }
  }
  if (out.rfind("void ", 0) == 0) out.erase(0, 5);
  return out;
}

std::string find(const void* function) {
  Dl_info info;
  if (dladdr(function, &info) == 0) return "";
  std::ifstream file(info.dli_fname, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return "";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return "";
  const auto section = [&](size_t index) {
    Elf64_Shdr out{};
    const size_t at = header.e_shoff + index * sizeof out;
    if (at + sizeof out <= bytes.size()) std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
  };
  const uintptr_t base = header.e_type == ET_DYN ? reinterpret_cast<uintptr_t>(info.dli_fbase) : 0;
  const uintptr_t wanted = reinterpret_cast<uintptr_t>(function) - base;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr symbols = section(i);
    if (symbols.sh_type != SHT_SYMTAB || symbols.sh_offset + symbols.sh_size > bytes.size()) continue;
    const Elf64_Shdr names = section(symbols.sh_link);
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, bytes.data() + symbols.sh_offset + at, sizeof symbol);
      if (symbol.st_value != wanted || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
      const size_t name = names.sh_offset + symbol.st_name;
      if (name < bytes.size()) return demangled(bytes.data() + name);
    }
  }
  return "";
}

}  // namespace

std::string symbol_name(const void* function) {
  static auto* mutex = new std::mutex;
  static auto* known = new std::map<const void*, std::string>;
  std::lock_guard<std::mutex> lock(*mutex);
  std::string& name = (*known)[function];
  if (name.empty()) name = find(function);
  if (name.empty()) {
    char address[32];
    std::snprintf(address, sizeof address, "%p", function);
    name = address;
  }
  return name;
}

}  // namespace emulator
}  // namespace paroattn
