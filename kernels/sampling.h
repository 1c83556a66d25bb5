// Which pixels of an image a convolution reads for each pixel it makes: shared by all forms of convolution.
#pragma once
#include <cstdlib>

#include "kernels.h"
#include "vector.h"

namespace ocelli {
namespace OCELLI_ISA {

// Output (i, j) of the grid reads input (i * strideY + dy, j * strideX + dx) times the weights of `index` (ky * kw + kx).
struct Tap {
  int64_t dy, dx, index;
};

// Stretches of taps that lie side by side in memory.
struct Run {
  int64_t dy, dx, k, length;
};

namespace {

// A fixed-size array on the heap.
template <typename T>
class Array {
 public:
  explicit Array(int64_t size) : data_(static_cast<T*>(std::malloc(static_cast<size_t>(size > 0 ? size : 1) * sizeof(T)))) {
    if (data_ == nullptr) std::abort();
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { std::free(data_); }
  T& operator[](int64_t i) { return data_[i]; }
  const T& operator[](int64_t i) const { return data_[i]; }
  T* data() { return data_; }
  const T* data() const { return data_; }

 private:
  T* data_;
};

}  // namespace

struct Sampling {
  // The image read.
  const float* x;
  int64_t h, w, pixelStride, channels;
  // The grid of results for each image, and where they are in the image written (outH x outW).
  int64_t images, gridH, gridW, strideY, strideX;
  int64_t outH, outW, outY, outX, outStepY, outStepX;

  int64_t pixels() const { return images * gridH * gridW; }
  bool everyOutput() const { return outStepY == 1 && outStepX == 1; }
};

struct Position {
  int64_t image, i, j;
};

namespace {

OCELLI_INLINE Position positionOf(const Sampling& s, int64_t row) {
  const int64_t plane = s.gridH * s.gridW;
  const int64_t image = row / plane, rest = row - image * plane;
  const int64_t i = rest / s.gridW;
  return {image, i, rest - i * s.gridW};
}

OCELLI_INLINE void advance(const Sampling& s, Position& at) {
  if (++at.j < s.gridW) return;
  at.j = 0;
  if (++at.i < s.gridH) return;
  at.i = 0;
  ++at.image;
}

OCELLI_INLINE int64_t outputRow(const Sampling& s, const Position& at) {
  return (at.image * s.outH + s.outY + at.i * s.outStepY) * s.outW + s.outX + at.j * s.outStepX;
}

OCELLI_INLINE Sampling forwardSampling(const ConvGeometry& g, const float* x, const Image& in, int64_t channels,
                                       const Image& out) {
  return {x, in.h, in.w, in.pixelStride, channels, in.n, out.h, out.w, g.strideH, g.strideW, out.h, out.w, 0, 0, 1, 1};
}

// Fills `taps` in the order of the kernel; returns their number.
OCELLI_INLINE int64_t forwardTaps(const ConvGeometry& g, Tap* taps) {
  int64_t count = 0;
  for (int64_t ky = 0; ky < g.kernelH; ++ky) {
    for (int64_t kx = 0; kx < g.kernelW; ++kx) {
      taps[count++] = {ky * g.dilationH - g.padTop, kx * g.dilationW - g.padLeft, ky * g.kernelW + kx};
    }
  }
  return count;
}

// What tap `tap` (ky * kw + kx) reads of the image for row `row` of the output: row y of it, from pixel x on every strideW
// pixels, for the columns first .. last - 1; none where the row or all of its pixels lie outside.
struct TapRow {
  int64_t y, x, first, last;
};

OCELLI_INLINE TapRow tapRow(const ConvGeometry& g, int64_t tap, const Image& in, int64_t row, int64_t columns) {
  const int64_t y = row * g.strideH + tap / g.kernelW * g.dilationH - g.padTop;
  if (y < 0 || y >= in.h) return {y, 0, 0, 0};
  const int64_t shift = tap % g.kernelW * g.dilationW - g.padLeft, room = in.w - 1 - shift;
  const int64_t first = shift < 0 ? divideUp(-shift, g.strideW) : 0;
  const int64_t last = room < 0 ? 0 : smaller(columns, room / g.strideW + 1);
  return {y, first * g.strideW + shift, first, last};
}

// The gradient of the input falls into strideH x strideW phases: the pixels (outY + strideH i, outX + strideW j), each
// a convolution of stride 1 over the output's gradient with some of the taps.
OCELLI_INLINE Sampling phaseSampling(const ConvGeometry& g, const float* dy, const Image& from, int64_t channels,
                                     const Image& to, int64_t phaseY, int64_t phaseX) {
  return {dy,
          from.h,
          from.w,
          from.pixelStride,
          channels,
          from.n,
          to.h > phaseY ? (to.h - phaseY + g.strideH - 1) / g.strideH : 0,
          to.w > phaseX ? (to.w - phaseX + g.strideW - 1) / g.strideW : 0,
          1,
          1,
          to.h,
          to.w,
          phaseY,
          phaseX,
          g.strideH,
          g.strideW};
}

OCELLI_INLINE int64_t phaseTaps(const ConvGeometry& g, int64_t phaseY, int64_t phaseX, Tap* taps) {
  int64_t count = 0;
  // Backwards, so that the pixels read come in rising order.
  for (int64_t ky = g.kernelH - 1; ky >= 0; --ky) {
    const int64_t y = phaseY + g.padTop - ky * g.dilationH;
    if (y % g.strideH != 0) continue;
    for (int64_t kx = g.kernelW - 1; kx >= 0; --kx) {
      const int64_t x = phaseX + g.padLeft - kx * g.dilationW;
      if (x % g.strideW != 0) continue;
      taps[count++] = {y / g.strideH, x / g.strideW, ky * g.kernelW + kx};
    }
  }
  return count;
}

// Joins taps into runs over k = tap * channels + channel; returns the number of runs (at most the number of taps).
OCELLI_INLINE int64_t joinTaps(const Sampling& s, const Tap* taps, int64_t count, Run* runs) {
  int64_t n = 0;
  for (int64_t t = 0; t < count; ++t) {
    if (n > 0 && s.channels == s.pixelStride && taps[t].dy == taps[t - 1].dy && taps[t].dx == taps[t - 1].dx + 1) {
      runs[n - 1].length += s.channels;
    } else {
      runs[n++] = {taps[t].dy, taps[t].dx, t * s.channels, s.channels};
    }
  }
  return n;
}

// The pixels that runs reach, from the position they are taken at.
struct Window {
  int64_t top, bottom, left, right;
  OCELLI_INLINE bool inside(const Sampling& s, int64_t y, int64_t x) const {
    return y + top >= 0 && y + bottom < s.h && x + left >= 0 && x + right < s.w;
  }
};

OCELLI_INLINE Window windowOf(const Sampling& s, const Run* runs, int64_t count) {
  Window window{runs[0].dy, runs[0].dy, runs[0].dx, runs[0].dx};
  for (int64_t r = 0; r < count; ++r) {
    window.top = smaller(window.top, runs[r].dy);
    window.bottom = larger(window.bottom, runs[r].dy);
    window.left = smaller(window.left, runs[r].dx);
    window.right = larger(window.right, runs[r].dx + runs[r].length / s.channels - 1);
  }
  return window;
}

// Part of a run: floats f0 .. f1 - 1 of it go to `to`, zeros where the image ends.
OCELLI_INLINE void copyRun(const Sampling& s, const Position& at, const Run& run, int64_t f0, int64_t f1, float* to) {
  const int64_t y = at.i * s.strideY + run.dy;
  if (y < 0 || y >= s.h) {
    zeroFloats(to, f1 - f0);
    return;
  }
  const int64_t x = at.j * s.strideX + run.dx;
  const float* row = s.x + ((at.image * s.h + y) * s.w + x) * s.pixelStride;
  const int64_t begin = -x * s.pixelStride, end = (s.w - x) * s.pixelStride;
  if (f0 >= begin && f1 <= end) {
    copyFloats(to, row + f0, f1 - f0);
    return;
  }
  const int64_t from = larger(f0, smaller(begin, f1)), until = larger(from, smaller(f1, end));
  zeroFloats(to, from - f0);
  copyFloats(to + (from - f0), row + from, until - from);
  zeroFloats(to + (until - f0), f1 - until);
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
