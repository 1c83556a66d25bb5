#include "tile.h"

#include "exact-sum.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

#if defined(__wasm__)
// Steps side by side would have V8 keep the operands of all of them in registers.
constexpr int stepsAtOnce = 1;
constexpr int rowsPerPointer = 1;
#else
constexpr int stepsAtOnce = 4;
// Three rows a pointer: base, base + stride, base + 2 stride are one instruction's addressing modes.
constexpr int rowsPerPointer = 3;
#endif

constexpr int pointersFor(int rows) { return (rows + rowsPerPointer - 1) / rowsPerPointer; }

template <int R, int V>
OCELLI_INLINE void accumulate(Vector (&sum)[R][V], const float* const (&a)[pointersFor(R)], int64_t stride, int64_t p,
                              const float* b) {
  Vector column[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) column[v] = Vector::load(b + v * Vector::width);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const Vector value = Vector::broadcast(a[r / rowsPerPointer][p + (r % rowsPerPointer) * stride]);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[r][v] = fma(value, column[v], sum[r][v]);
  }
}

template <int R, int V>
OCELLI_INLINE void storeFinished(const TileArguments& t, Vector (&sum)[R][V]) {
  const int64_t last = t.columns - (V - 1) * Vector::width;  // columns of the last vector
  const Finish& f = t.finish;
  const Vector low = Vector::broadcast(f.low), high = Vector::broadcast(f.high);
  const Vector gateLow = Vector::broadcast(f.gateLow), gateHigh = Vector::broadcast(f.gateHigh);
  if (f.bias != nullptr) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const float* from = f.bias + v * Vector::width;
      const Vector bias = v == V - 1 ? (last == Vector::width ? Vector::load(from) : Vector::loadPartial(from, last))
                                     : Vector::load(from);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) sum[r][v] = sum[r][v] + bias;
    }
  }
  if (last == Vector::width) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      float* to = t.c + t.rowIndex[r] * t.cStride;
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        if (f.residual != nullptr) {
          sum[r][v] = sum[r][v] + Vector::load(f.residual + t.rowIndex[r] * f.residualStride + v * Vector::width);
        }
        sum[r][v] = clampAbove(clampBelow(sum[r][v], low), high);
        if (f.gate != nullptr) {
          const Vector gate = Vector::load(f.gate + t.rowIndex[r] * f.gateStride + v * Vector::width);
          sum[r][v] = within(sum[r][v], gate, gateLow, gateHigh);
        }
        sum[r][v].store(to + v * Vector::width);
      }
    }
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    float* to = t.c + t.rowIndex[r] * t.cStride;
    const float* residual = f.residual == nullptr ? nullptr : f.residual + t.rowIndex[r] * f.residualStride;
    const float* gate = f.gate == nullptr ? nullptr : f.gate + t.rowIndex[r] * f.gateStride;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const int64_t columns = v == V - 1 ? last : Vector::width;
      if (residual != nullptr) sum[r][v] = sum[r][v] + Vector::loadPartial(residual + v * Vector::width, columns);
      sum[r][v] = clampAbove(clampBelow(sum[r][v], low), high);
      if (gate != nullptr) {
        sum[r][v] = within(sum[r][v], Vector::loadPartial(gate + v * Vector::width, columns), gateLow, gateHigh);
      }
      sum[r][v].storePartial(to + v * Vector::width, columns);
    }
  }
}

template <int R, int V>
OCELLI_INLINE void finish(const TileArguments& t, Vector (&sum)[R][V]) {
  if (t.partialIn != nullptr) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        sum[r][v] = sum[r][v] + Vector::load(t.partialIn + r * tileColumns + v * Vector::width);
      }
    }
  }
  if (t.partialOut != nullptr) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[r][v].store(t.partialOut + r * tileColumns + v * Vector::width);
    }
    return;
  }
  storeFinished<R, V>(t, sum);
  if (t.finish.activation == Activation::None) return;
  for (int r = 0; r < R; ++r) activate(t.finish.activation, t.c + t.rowIndex[r] * t.cStride, t.columns);
}

// Fetches what the store will need: rows far apart, which hardware does not foresee.
template <int R, int V>
OCELLI_INLINE void prefetchFinish(const TileArguments& t) {
  if (t.partialOut != nullptr) return;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const float* to = t.c + t.rowIndex[r] * t.cStride;
    const float* residual = t.finish.residual + t.rowIndex[r] * t.finish.residualStride;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      __builtin_prefetch(to + v * Vector::width, 1);
      if (t.finish.residual != nullptr) __builtin_prefetch(residual + v * Vector::width, 0);
    }
  }
}

template <int R, int V, bool KMajor>
void tile(const TileArguments& t) {
  Vector sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[r][v] = Vector::zero();
  }
  prefetchFinish<R, V>(t);
  constexpr int pointers = pointersFor(R);
  const float* a[pointers];
#pragma GCC unroll 16
  for (int i = 0; i < pointers; ++i) a[i] = t.a + rowsPerPointer * i * (KMajor ? 1 : t.aStride);
  const int64_t stride = KMajor ? 1 : t.aStride;
  constexpr int64_t step = KMajor ? tileRows : 1;
  const float* b = t.b;
  const int64_t bStride = t.bStride, k = t.k, depth = t.sumDepth;
  alignas(64) float aside[R * V * Vector::width];
  int64_t p = 0;
  for (;;) {
    const int64_t end = smaller(k, p + depth);
    if (bStride == tileColumns) {
      for (; p + stepsAtOnce <= end; p += stepsAtOnce) {
#pragma GCC unroll 4
        for (int i = 0; i < stepsAtOnce; ++i) accumulate<R, V>(sum, a, stride, (p + i) * step, b + i * tileColumns);
        b += stepsAtOnce * tileColumns;
      }
    }
    for (; p < end; ++p) {
      accumulate<R, V>(sum, a, stride, p * step, b);
      b += bStride;
    }
    if (p >= k) break;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) setAside(sum[r], aside + r * V * Vector::width, p == depth);
  }
  if (k > depth) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) addAside(sum[r], aside + r * V * Vector::width);
  }
  finish<R, V>(t, sum);
}

using TileKernels = TileKernel[2][tileRows + 1][tileVectors + 1];

template <int R>
constexpr void fill(TileKernels& kernels) {
  if constexpr (R > 0) {
    kernels[0][R][1] = tile<R, 1, false>;
    kernels[0][R][2] = tile<R, 2, false>;
    kernels[1][R][1] = tile<R, 1, true>;
    kernels[1][R][2] = tile<R, 2, true>;
    fill<R - 1>(kernels);
  }
}

struct TileTable {
  TileKernels kernels;
  constexpr TileTable() : kernels{} { fill<tileRows>(kernels); }
};

constexpr TileTable tiles;

}  // namespace

TileKernel tileKernel(bool kMajor, int64_t rows, int64_t vectors) { return tiles.kernels[kMajor][rows][vectors]; }

}  // namespace OCELLI_ISA
}  // namespace ocelli
