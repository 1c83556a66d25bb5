// The instruction sets that were compiled in, and which of them this processor runs.
#pragma once
#include <string>
#include <vector>

#include "context.h"

namespace ocelli {

// Best first.
std::vector<const KernelTable*> compiledTables();
bool runsHere(const KernelTable& table);

// The best that runs here, or the one named (when not empty); null with the reason in `error`.
const KernelTable* chooseTable(const std::string& name, std::string& error);

}  // namespace ocelli
