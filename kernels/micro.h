// The micro-op engine: single steps over vectors of values. runMicroOps (kernels.h) runs whole codes over registers.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

// One micro-op over n values. Operands advance by `step` words a vector: `lanes`, or 0 for one value in every lane.
void runMicroOp(const MicroOp& op, void* out, const void* a, int64_t stepA, const void* b, int64_t stepB,
                const void* c, int64_t stepC, int64_t n);

// How many registers the op reads: a, then b, then c.
int operandsOf(MicroOpCode op);

}  // namespace OCELLI_ISA
}  // namespace ocelli
