// The innermost kernel: a tile of tileRows x tileColumns products in registers.
#pragma once
#include "finish.h"

namespace ocelli {
namespace OCELLI_ISA {

#if defined(__AVX512F__)
constexpr int tileRows = 14;
#elif defined(OCELLI_EMULATE_16)
constexpr int tileRows = 14;
#elif defined(__ARM_NEON)
constexpr int tileRows = 12;
#elif defined(__wasm__)
// V8 computes all products of a step before it adds any, and has 15 registers.
constexpr int tileRows = 4;
#else
constexpr int tileRows = 6;
#endif
constexpr int tileVectors = 2;
constexpr int tileColumns = tileVectors * Vector::width;
// The longest stretch of k in one go: a panel of tileColumns of B stays in the first-level cache.
constexpr int64_t tileDepth = Vector::width == 16 ? 192 : 256;

struct TileArguments {
  int64_t k;
  int64_t sumDepth;
  // Rows `aStride` apart, or, k-major, tileRows values for each k.
  const float* a;
  int64_t aStride;
  const float* b;
  int64_t bStride;
  // Sums so far, and where to leave the sums if not finished; tileColumns apart.
  const float* partialIn;
  float* partialOut;
  // When finished: what `finish` makes of the sum goes to row rowIndex[i].
  const int64_t* rowIndex;
  float* c;
  int64_t cStride;
  int64_t columns;
  Finish finish;
};

using TileKernel = void (*)(const TileArguments&);

// For `rows` (1 .. tileRows) x `vectors` (1 .. tileVectors) vectors.
TileKernel tileKernel(bool kMajor, int64_t rows, int64_t vectors);

}  // namespace OCELLI_ISA
}  // namespace ocelli
