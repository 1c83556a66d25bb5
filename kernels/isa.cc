#include "isa.h"

// OCELLI_SETS is X(name) for each instruction set compiled, best first; the build script sets it.
#ifndef OCELLI_SETS
#error "Define OCELLI_SETS, e.g. as X(avx2) X(scalar)."
#endif

namespace ocelli {

#define X(set)                     \
  namespace set {                  \
  extern const KernelTable table;  \
  }
OCELLI_SETS
#undef X

std::vector<const KernelTable*> compiledTables() {
  std::vector<const KernelTable*> tables;
#define X(set) tables.push_back(&set::table);
  OCELLI_SETS
#undef X
  return tables;
}

bool runsHere(const KernelTable& table) {
#if defined(__x86_64__)
  // These look at what the operating system saves, too.
  const std::string name = table.name;
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (name == "avx512") {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  }
  if (name == "avx2" || name == "emulated16") return avx2;
#else
  (void)table;
#endif
  return true;
}

const KernelTable* chooseTable(const std::string& name, std::string& error) {
  std::string names;
  for (const KernelTable* table : compiledTables()) {
    names += (names.empty() ? "" : ", ") + std::string(table->name);
    if (!name.empty() && name != table->name) continue;
    if (runsHere(*table)) return table;
    if (!name.empty()) {
      error = "this processor does not run the instruction set '" + name + "'";
      return nullptr;
    }
  }
  error = "there is no instruction set '" + name + "' in this build; it has " + names;
  return nullptr;
}

}  // namespace ocelli
