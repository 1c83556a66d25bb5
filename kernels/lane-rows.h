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
  Finish finish;  // rows are pixels
};

// Stores what becomes of a sum: of pixel p, n channels from `channel` on.
OCELLI_INLINE void finishLanes(const LaneTarget& target, int64_t p, int64_t channel, int64_t n, Vector sum) {
  storeLanes(target.finish(sum, p, channel, n), target.c + p * target.step + channel, n);
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
  } else {
    target.c = c + row0 * cStride;
    target.step = s.outStepX * cStride;
    target.finish = stage.finish.from(row0, 0);
    target.finish.residualStride *= s.outStepX;
    target.finish.gateStride *= s.outStepX;
  }
  auto targetAt = [&](int64_t j) {
    return LaneTarget{target.c + j * target.step, target.step, target.finish.from(j, 0)};
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

  if (stage.code == nullptr) {
    stage.finish.activateRows(target.c, target.step, s.gridW, channels);
  } else {
    int64_t* rowIndex = reinterpret_cast<int64_t*>(at);
    at += roundUp(s.gridW * 8, 64);
    for (int64_t column = 0; column < s.gridW; ++column) rowIndex[column] = row0 + column * s.outStepX;
    runEpilogueCode(stage, values, channels, s.gridW, channels, rowIndex, 0, c, cStride, reinterpret_cast<float*>(at));
  }
}

// body(image, row, memory) for all rows of all images, each of `work` multiply-adds; `memory` has `bytes` bytes.
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
