// Sums over taps with one weight a channel: the kernel of depthwise convolutions, and of grouped ones once each output
// channel has its inputs beside it.
#pragma once
#include "exact-sum.h"
#include "lane-rows.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

// Channels by themselves. Where `across` taps lie side by side, each pixel of a row is loaded once for all of them.
struct DepthwiseKernel {
  int64_t channels, pixelStride;
  int64_t across, stride;
  int64_t sumDepth;

  template <int P>
  OCELLI_INLINE void pixels(const LaneSource* sources, int64_t count, int64_t at, int64_t pixelStep,
                            const LaneTarget& target) const {
    if constexpr (P > 1) {
      if (across == 3 && stride == 1) return rows<P, 3, 1>(sources, count, at, target);
      if (across == 3 && stride == 2) return rows<P, 3, 2>(sources, count, at, target);
      if (across == 5 && stride == 1) return rows<P, 5, 1>(sources, count, at, target);
      if (across == 5 && stride == 2) return rows<P, 5, 2>(sources, count, at, target);
      if (across == 7 && stride == 1) return rows<P, 7, 1>(sources, count, at, target);
    }
    for (int64_t c = 0; c < channels; c += Vector::width) {
      const int64_t n = channels - c;
      Vector sum[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sum[p] = Vector::zero();
      alignas(64) float aside[P * Vector::width];
      for (int64_t t = 0;;) {
        const int64_t end = smaller(count, t + sumDepth);
        for (; t < end; ++t) {
          const float* x = sources[t].x + at + c;
          const Vector weight = Vector::load(sources[t].weights + c);
#pragma GCC unroll 8
          for (int p = 0; p < P; ++p) sum[p] = fma(loadLanes(x + p * pixelStep, n), weight, sum[p]);
        }
        if (t >= count) break;
        setAside(sum, aside, t == sumDepth);
      }
      if (count > sumDepth) addAside(sum, aside);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) finishLanes(target, p, c, n, sum[p]);
    }
  }

 private:
  template <int P, int Across, int Stride>
  OCELLI_INLINE void rows(const LaneSource* sources, int64_t count, int64_t at, const LaneTarget& target) const {
    const int64_t depth = sumDepth / Across * Across;  // whole rows of taps
    for (int64_t c = 0; c < channels; c += Vector::width) {
      const int64_t n = channels - c;
      Vector sum[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sum[p] = Vector::zero();
      alignas(64) float aside[P * Vector::width];
      for (int64_t t = 0;;) {
        const int64_t end = smaller(count, t + depth);
        for (; t < end; t += Across) {
          if (n >= Vector::width) {
            addRow<P, Across, Stride, true>(sources + t, at + c, c, n, sum);
          } else {
            addRow<P, Across, Stride, false>(sources + t, at + c, c, n, sum);
          }
        }
        if (t >= count) break;
        setAside(sum, aside, t == depth);
      }
      if (count > depth) addAside(sum, aside);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) finishLanes(target, p, c, n, sum[p]);
    }
  }

  template <int P, int Across, int Stride, bool Whole>
  OCELLI_INLINE void addRow(const LaneSource* sources, int64_t at, int64_t channel, int64_t n, Vector (&sum)[P]) const {
    const float* x = sources[0].x + at;
    Vector weight[Across];
#pragma GCC unroll 8
    for (int t = 0; t < Across; ++t) weight[t] = Vector::load(sources[t].weights + channel);
#pragma GCC unroll 32
    for (int q = 0; q < (P - 1) * Stride + Across; ++q) {
      const Vector value = Whole ? Vector::load(x) : Vector::loadPartial(x, n);
      x += pixelStride;
#pragma GCC unroll 8
      for (int t = 0; t < Across; ++t) {
        if (q >= t && (q - t) % Stride == 0 && (q - t) / Stride < P) {
          sum[(q - t) / Stride] = fma(value, weight[t], sum[(q - t) / Stride]);
        }
      }
    }
  }
};

// How many taps lie side by side in each row of the kernel; 0 where it is no grid of neighbours.
OCELLI_INLINE int64_t tapsAcross(const Tap* taps, int64_t count) {
  int64_t across = 1;
  while (across < count && taps[across].dy == taps[0].dy) ++across;
  for (int64_t t = 0; t < count; ++t) {
    if (count % across != 0 || taps[t].dx != taps[0].dx + t % across || taps[t].dy != taps[t / across * across].dy) return 0;
  }
  return across;
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
