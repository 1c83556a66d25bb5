// Long sums as sums of short ones: the rounding of a sum grows with the root of how many terms follow one another.
#pragma once
#include "vector.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

// Adds sums to those set aside, or sets the first ones aside, and starts anew.
template <int N>
OCELLI_INLINE void setAside(Vector (&sum)[N], float* aside, bool first) {
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) {
    float* to = aside + i * Vector::width;
    (first ? sum[i] : sum[i] + Vector::load(to)).store(to);
    sum[i] = Vector::zero();
  }
}

template <int N>
OCELLI_INLINE void addAside(Vector (&sum)[N], const float* aside) {
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) sum[i] = sum[i] + Vector::load(aside + i * Vector::width);
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
