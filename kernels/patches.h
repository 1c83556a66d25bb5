// Patches of an image as an operand of a matrix product, packed block by block: no matrix of patches ever exists.
#pragma once
#include "product.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

// Row: a pixel of the grid. k: tap * channels + channel.
struct PatchesLeft {
  static constexpr bool kMajor = false;
  const Sampling& sampling;
  const Run* runs;
  int64_t runCount;

  int64_t rowIndex(int64_t row) const { return outputRow(sampling, positionOf(sampling, row)); }

  LeftBlock block(int64_t row0, int64_t row1, int64_t p0, int64_t p1, int64_t, float* buffer) const {
    const Sampling& s = sampling;
    int64_t first = 0;
    while (first < runCount && runs[first].k + runs[first].length <= p0) ++first;
    int64_t last = first;
    while (last < runCount && runs[last].k < p1) ++last;
    const bool whole = runs[first].k == p0 && runs[last - 1].k + runs[last - 1].length == p1;
    const Window window = windowOf(s, runs + first, last - first);
    Position at = positionOf(s, row0);
    for (int64_t row = row0; row < row1; ++row) {
      float* to = buffer + (row - row0) * packedRowStride;
      const int64_t y = at.i * s.strideY, x = at.j * s.strideX;
      if (whole && window.inside(s, y, x)) {
        const float* from = s.x + ((at.image * s.h + y) * s.w + x) * s.pixelStride;
        for (int64_t r = first; r < last; ++r) {
          copyFloats(to + (runs[r].k - p0), from + (runs[r].dy * s.w + runs[r].dx) * s.pixelStride, runs[r].length);
        }
      } else {
        for (int64_t r = first; r < last; ++r) {
          const int64_t from = larger(runs[r].k, p0), until = smaller(runs[r].k + runs[r].length, p1);
          copyRun(s, at, runs[r], from - runs[r].k, until - runs[r].k, to + (from - p0));
        }
      }
      advance(s, at);
    }
    return {buffer, packedRowStride, tileRows * packedRowStride};
  }
};

// k: a pixel of the grid, from `firstPixel` on. Column: tap * channels + channel.
struct PatchesRight {
  static constexpr bool packs = true;
  const Sampling& sampling;
  const Run* runs;
  int64_t runCount, columns, firstPixel;

  RightBlock block(int64_t column0, int64_t column1, int64_t p0, int64_t p1, float* buffer) const {
    const int64_t step = (p1 - p0) * tileColumns;
    int64_t first = 0;
    while (runs[first].k + runs[first].length <= column0) ++first;
    Position at = positionOf(sampling, firstPixel + p0);
    for (int64_t p = p0; p < p1; ++p) {
      float* to = buffer + (p - p0) * tileColumns;
      int64_t run = first;
      for (int64_t column = column0; column < column1; column += tileColumns) {
        const int64_t until = smaller(column + tileColumns, columns);
        for (;; ++run) {
          const int64_t f0 = larger(runs[run].k, column), f1 = smaller(runs[run].k + runs[run].length, until);
          copyRun(sampling, at, runs[run], f0 - runs[run].k, f1 - runs[run].k, to + (f0 - column));
          if (run + 1 == runCount || runs[run + 1].k >= until) break;
        }
        // A run may go on in the next panel.
        if (run + 1 < runCount && runs[run].k + runs[run].length <= until) ++run;
        zeroFloats(to + (until - column), column + tileColumns - until);
        to += step;
      }
      advance(sampling, at);
    }
    return {buffer, step, tileColumns, nullptr};
  }
};

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
