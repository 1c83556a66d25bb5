// How work is shared out.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

// Tasks for `pieces` pieces of work of `work` simple element steps in all: enough to keep the threads even, none so short
// that starting it costs more than it does.
static inline int64_t tasksFor(int64_t pieces, int64_t work, const Context& context) {
  const int64_t most = context.pool.size() * int64_t{4};
  int64_t tasks = work / 16384;
  if (tasks > most) tasks = most;
  if (tasks > pieces) tasks = pieces;
  return tasks < 1 || context.pool.size() == 1 ? 1 : tasks;
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
