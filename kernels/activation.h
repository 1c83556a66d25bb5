// Activations that are more than a clamp, over results that have just been stored and are still in the first-level cache.
#pragma once
#include <cstdint>

namespace ocelli {

enum class Activation : uint8_t { None, Sigmoid, Silu, HardSigmoid, HardSwish };

namespace OCELLI_ISA {

// On `n` values in place.
void activate(Activation activation, float* values, int64_t n);

}  // namespace OCELLI_ISA
}  // namespace ocelli
