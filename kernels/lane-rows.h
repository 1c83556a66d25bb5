// Rows of results whose vectors run along the channels and whose taps are read where they are: what depthwise and grouped
// convolutions share.
#pragma once
#include "epilogue.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {

// A tap `offset` floats into a pixel, with its weights; what they are is the kernel's affair.
struct LaneTap {
  int64_t dy, dx, offset;
  const float* weights;
};

namespace {

// A tap of one row: where its pixel for column 0 is.
struct LaneSource {
  const float* x;
  const float* weights;
};

struct LaneTarget {
  float* c;      // of the first pixel
  int64_t step;  // from pixel to pixel
  const float* bias;
  const float* residual;
  int64_t residualStep;
  float low, high;
  const float* gate;
  int64_t gateStep;
  float gateLow, gateHigh;
};

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

// Stores clamp(sum + bias + residual), gated, of pixel p, n channels from `channel` on.
OCELLI_INLINE void finishLanes(const LaneTarget& target, int64_t p, int64_t channel, int64_t n, Vector sum) {
  if (target.bias != nullptr) sum = sum + loadLanes(target.bias + channel, n);
  if (target.residual != nullptr) sum = sum + loadLanes(target.residual + p * target.residualStep + channel, n);
  sum = clampAbove(clampBelow(sum, Vector::broadcast(target.low)), Vector::broadcast(target.high));
  if (target.gate != nullptr) {
    sum = within(sum, loadLanes(target.gate + p * target.gateStep + channel, n), Vector::broadcast(target.gateLow),
                 Vector::broadcast(target.gateHigh));
  }
  storeLanes(sum, target.c + p * target.step + channel, n);
}

OCELLI_INLINE int64_t laneRowBytes(const Sampling& sampling, int64_t tapCount, int64_t channels, const OutputStage& stage) {
  int64_t bytes = roundUp(tapCount * int64_t{2 * sizeof(LaneSource) + 8}, 64);
  if (stage.code != nullptr) {
    bytes += roundUp(sampling.gridW * channels * 4, 64) + roundUp(sampling.gridW * 8, 64) + stage.registerBytes();
  }
  return bytes;
}

// Computes row i of image `image` of the grid for `channels` channels; results go to c (row r of the output at c + r *
// cStride), through the stage. `memory` holds laneRowBytes. Kernel::pixels<P>(sources, count, at, pixelStep, target) sums
// up P pixels, the first of them `at` floats from the sources.
template <typename Kernel>
void laneRow(const Kernel& kernel, const Sampling& s, const LaneTap* taps, int64_t tapCount, int64_t image, int64_t i,
             int64_t channels, float* c, int64_t cStride, const OutputStage& stage, void* memory) {
  char* at = static_cast<char*>(memory);
  LaneSource* inside = reinterpret_cast<LaneSource*>(at);
  LaneSource* some = inside + tapCount;
  int64_t* dx = reinterpret_cast<int64_t*>(some + tapCount);
  at += roundUp(tapCount * int64_t{2 * sizeof(LaneSource) + 8}, 64);

  int64_t count = 0, lowest = 0, highest = 0;
  for (int64_t t = 0; t < tapCount; ++t) {
    const int64_t y = i * s.strideY + taps[t].dy;
    if (y < 0 || y >= s.h) continue;
    inside[count] = {s.x + ((image * s.h + y) * s.w + taps[t].dx) * s.pixelStride + taps[t].offset, taps[t].weights};
    dx[count] = taps[t].dx;
    lowest = count == 0 ? taps[t].dx : smaller(lowest, taps[t].dx);
    highest = count == 0 ? taps[t].dx : larger(highest, taps[t].dx);
    ++count;
  }

  const int64_t row0 = outputRow(s, {image, i, 0});
  LaneTarget target{};
  float* values = nullptr;
  if (stage.code != nullptr) {
    values = reinterpret_cast<float*>(at);
    at += roundUp(s.gridW * channels * 4, 64);
    target.c = values;
    target.step = channels;
    target.low = -__builtin_inff();
    target.high = __builtin_inff();
  } else {
    target.c = c + row0 * cStride;
    target.step = s.outStepX * cStride;
    target.bias = stage.bias;
    target.residual = stage.residual == nullptr ? nullptr : stage.residual + row0 * stage.residualStride;
    target.residualStep = s.outStepX * stage.residualStride;
    target.low = stage.low;
    target.high = stage.high;
    target.gate = stage.gate == nullptr ? nullptr : stage.gate + row0 * stage.gateStride;
    target.gateStep = s.outStepX * stage.gateStride;
    target.gateLow = stage.gateLow;
    target.gateHigh = stage.gateHigh;
  }
  auto targetAt = [&](int64_t j) {
    LaneTarget t = target;
    t.c += j * target.step;
    if (t.residual != nullptr) t.residual += j * target.residualStep;
    if (t.gate != nullptr) t.gate += j * target.gateStep;
    return t;
  };
  auto border = [&](int64_t j) {
    int64_t n = 0;
    for (int64_t t = 0; t < count; ++t) {
      const int64_t x = j * s.strideX + dx[t];
      if (x >= 0 && x < s.w) some[n++] = inside[t];
    }
    kernel.template pixels<1>(some, n, j * s.strideX * s.pixelStride, 0, targetAt(j));
  };

  // Columns first .. last - 1 have every tap inside the image.
  const int64_t first = smaller(lowest < 0 ? divideUp(-lowest, s.strideX) : 0, s.gridW);
  const int64_t room = s.w - 1 - highest;
  const int64_t last = larger(first, room < 0 ? 0 : smaller(s.gridW, room / s.strideX + 1));
  const int64_t step = s.strideX * s.pixelStride;
  for (int64_t j = 0; j < first; ++j) border(j);
  int64_t j = first;
#if !defined(__wasm__)
  // More than the 15 registers that V8 has would hold.
  for (; j + 8 <= last; j += 8) kernel.template pixels<8>(inside, count, j * step, step, targetAt(j));
#endif
  for (; j + 4 <= last; j += 4) kernel.template pixels<4>(inside, count, j * step, step, targetAt(j));
  if (j + 2 <= last) {
    kernel.template pixels<2>(inside, count, j * step, step, targetAt(j));
    j += 2;
  }
  if (j < last) {
    kernel.template pixels<1>(inside, count, j * step, step, targetAt(j));
    ++j;
  }
  for (; j < s.gridW; ++j) border(j);

  if (stage.code != nullptr) {
    int64_t* rowIndex = reinterpret_cast<int64_t*>(at);
    at += roundUp(s.gridW * 8, 64);
    for (int64_t column = 0; column < s.gridW; ++column) rowIndex[column] = row0 + column * s.outStepX;
    runEpilogueCode(stage, values, channels, s.gridW, channels, rowIndex, 0, c, cStride, reinterpret_cast<float*>(at));
  }
}

// All rows of all images, `work` multiply-adds a row. makeTask(first row, last row, memory) does some of them.
template <typename Body>
void laneRows(Context& context, const Sampling& s, int64_t work, int64_t bytes, Body&& body) {
  // Rows in turns, a few at a time: a task is worth handing over from some tens of microseconds on.
  const int64_t rows = s.images * s.gridH;
  const int64_t most = divideUp(rows, 2 * int64_t{context.pool.size()});
  const int64_t rowsAtOnce = larger(1, smaller(divideUp(65536, larger(1, work)), most));
  parallelFor(context.pool, divideUp(rows, rowsAtOnce), [&](int64_t task, int thread) {
    void* memory = context.scratch(context, thread, bytes);
    for (int64_t row = task * rowsAtOnce; row < smaller((task + 1) * rowsAtOnce, rows); ++row) {
      body(row / s.gridH, row % s.gridH, memory);
    }
  });
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
