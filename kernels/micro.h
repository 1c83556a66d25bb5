// The micro-op engine: single steps over vectors of values. runMicroOps (kernels.h) runs whole codes over registers.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

// One micro-op over n values. Operands advance by `step` words a vector: `lanes`, or 0 for one value in every lane.
void runMicroOp(const MicroOp& op, void* out, const void* a, int64_t stepA, const void* b, int64_t stepB,
                const void* c, int64_t stepC, int64_t n);

// Whether two float steps, the second of which alone reads the result of the first, run as one: in registers instead of
// through memory, to the same values.
bool pairs(const MicroOp& first, const MicroOp& second);
// `first` of a and b, then `second` of that and c, or of c and that where `second` reads it on the right.
void runMicroOpPair(const MicroOp& first, const MicroOp& second, void* out, const void* a, int64_t stepA, const void* b,
                    int64_t stepB, const void* c, int64_t stepC, int64_t n);

// How many registers the op reads: a, then b, then c.
int operandsOf(MicroOpCode op);

}  // namespace OCELLI_ISA
}  // namespace ocelli
