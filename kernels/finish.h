// What is done to a sum in registers before it is stored, and to what has been stored.
#pragma once
#include "activation.h"
#include "vector.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

OCELLI_INLINE Vector loadLanes(const float* from, int64_t n) {
  return n >= Vector::width ? Vector::load(from) : Vector::loadPartial(from, n);
}
OCELLI_INLINE void storeLanes(Vector value, float* to, int64_t n) {
  if (n >= Vector::width) {
    value.store(to);
  } else {
    value.storePartial(to, n);
  }
}

}  // namespace

// clamp(sum + bias + residual, low, high), and 0 where a further operand leaves an interval (the gradient of a clamp).
struct Finish {
  const float* bias = nullptr;      // one a column
  const float* residual = nullptr;  // one an element, rows `residualStride` apart
  int64_t residualStride = 0;
  float low = -__builtin_inff(), high = __builtin_inff();
  // One an element, rows `gateStride` apart: sums count only where gateLow < gate < gateHigh.
  const float* gate = nullptr;
  int64_t gateStride = 0;
  float gateLow = -__builtin_inff(), gateHigh = __builtin_inff();
  // Of the result, once a few rows of them have been stored: see activateRows.
  Activation activation = Activation::None;

  // As seen from a row and column on.
  OCELLI_INLINE Finish from(int64_t row, int64_t column) const {
    Finish result = *this;
    if (bias != nullptr) result.bias += column;
    if (residual != nullptr) result.residual += row * residualStride + column;
    if (gate != nullptr) result.gate += row * gateStride + column;
    return result;
  }

  // Of n sums of a row, from a column on.
  OCELLI_INLINE Vector operator()(Vector sum, int64_t row, int64_t column, int64_t n) const {
    if (bias != nullptr) sum = sum + loadLanes(bias + column, n);
    if (residual != nullptr) sum = sum + loadLanes(residual + row * residualStride + column, n);
    sum = clampAbove(clampBelow(sum, Vector::broadcast(low)), Vector::broadcast(high));
    if (gate == nullptr) return sum;
    return within(sum, loadLanes(gate + row * gateStride + column, n), Vector::broadcast(gateLow),
                  Vector::broadcast(gateHigh));
  }

  // The rest of what is to be done to rows of values that operator() gave, `step` floats apart.
  OCELLI_INLINE void activateRows(float* values, int64_t step, int64_t rows, int64_t columns) const {
    if (activation == Activation::None) return;
    if (step == columns) {
      activate(activation, values, rows * columns);
      return;
    }
    for (int64_t row = 0; row < rows; ++row) activate(activation, values + row * step, columns);
  }
};

}  // namespace OCELLI_ISA
}  // namespace ocelli
