#include "convolve.h"

#include "depthwise.h"
#include "patches.h"

namespace ocelli {
namespace OCELLI_ISA {

int64_t packedGroupFloats(int64_t taps, int64_t inner, int64_t outer) {
  return roundUp(outer, tileColumns) * taps * inner;
}

void packWeights(Context& context, float* target, const float* weight, const Tap* taps, int64_t tapCount, int64_t groups,
                 int64_t inner, int64_t outer, int64_t groupStride, int64_t innerStride, int64_t outerStride) {
  const int64_t panels = divideUp(outer, tileColumns), k = tapCount * inner;
  const int64_t groupFloats = packedGroupFloats(tapCount, inner, outer);
  parallelFor(context.pool, groups * panels, [&](int64_t task, int) {
    const int64_t group = task / panels, panel = task % panels;
    float* to = target + group * groupFloats + panel * k * tileColumns;
    for (int64_t t = 0; t < tapCount; ++t) {
      packPanels(to + t * inner * tileColumns, 0, weight + group * groupStride + taps[t].index, innerStride, outerStride,
                 outer, panel, panel + 1, 0, inner);
    }
  });
}

namespace {

template <typename Left, typename MakeLeft>
void multiplyGroups(Context& context, int64_t pixels, int64_t k, const float* packed, int64_t groupFloats, int64_t groups,
                    int64_t outer, float* y, int64_t yStride, const OutputStage& stage, MakeLeft makeLeft) {
  const Partition p = partition(pixels, outer, k, groups, context.pool.size());
  const int64_t bytes = blockScratchBytes(p, false, stage);
  parallelFor(context.pool, groups * p.blocks(), [&](int64_t task, int thread) {
    const int64_t group = task / p.blocks(), block = task % p.blocks();
    const BlockScratch scratch = blockScratch(context.scratch(context, thread, bytes), p, false);
    const Output output{y + group * outer, yStride, stage.fromColumn(group * outer)};
    const Left left = makeLeft(group);
    computeBlock(left, PackedRight{packed + group * groupFloats, k}, k, p, block, output, scratch);
  });
}

struct GroupPatches {
  static constexpr bool kMajor = false;
  Sampling sampling;
  const Run* runs;
  int64_t runCount;
  int64_t rowIndex(int64_t row) const { return PatchesLeft{sampling, runs, runCount}.rowIndex(row); }
  LeftBlock block(int64_t row0, int64_t row1, int64_t p0, int64_t p1, int64_t panels, float* buffer) const {
    return PatchesLeft{sampling, runs, runCount}.block(row0, row1, p0, p1, panels, buffer);
  }
};

}  // namespace

void convolvePacked(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, const float* packed,
                    int64_t groups, int64_t outer, float* y, int64_t yStride, const OutputStage& stage) {
  const int64_t pixels = s.pixels(), k = tapCount * s.channels;
  if (pixels == 0 || outer == 0) return;
  const int64_t groupFloats = packedGroupFloats(tapCount, s.channels, outer);
  const bool samePixels = tapCount == 1 && taps[0].dy == 0 && taps[0].dx == 0 && s.strideY == 1 && s.strideX == 1 &&
                          s.gridH == s.h && s.gridW == s.w && s.everyOutput();
  if (samePixels) {
    multiplyGroups<MatrixLeft>(context, pixels, k, packed, groupFloats, groups, outer, y, yStride, stage,
                               [&](int64_t group) { return MatrixLeft{s.x + group * s.channels, s.pixelStride}; });
    return;
  }
  Array<Run> runs(tapCount);
  const int64_t runCount = joinTaps(s, taps, tapCount, runs.data());
  multiplyGroups<GroupPatches>(context, pixels, k, packed, groupFloats, groups, outer, y, yStride, stage,
                               [&](int64_t group) {
                                 GroupPatches left{s, runs.data(), runCount};
                                 left.sampling.x += group * s.channels;
                                 return left;
                               });
}

void convolveDepthwise(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, const float* weights,
                       int64_t weightStride, int64_t channels, float* y, int64_t yStride, const OutputStage& stage) {
  if (s.pixels() == 0) return;
  Array<LaneTap> lanes(tapCount);
  for (int64_t t = 0; t < tapCount; ++t) {
    lanes[t] = {taps[t].dy, taps[t].dx, 0, weights + taps[t].index * weightStride};
  }
  const int64_t bytes = laneRowBytes(s, tapCount, channels, stage);
  // Rows in turns, a few at a time: a task is worth handing over from some tens of microseconds on.
  const int64_t rows = s.images * s.gridH;
  const int64_t rowWork = larger(1, s.gridW * channels * larger(1, tapCount));
  const int64_t rowsAtOnce = larger(1, smaller(divideUp(65536, rowWork), divideUp(rows, 2 * int64_t{context.pool.size()})));
  parallelFor(context.pool, divideUp(rows, rowsAtOnce), [&](int64_t task, int thread) {
    void* memory = context.scratch(context, thread, bytes);
    for (int64_t row = task * rowsAtOnce; row < smaller((task + 1) * rowsAtOnce, rows); ++row) {
      laneRow(s, lanes.data(), tapCount, row / s.gridH, row % s.gridH, channels, y, yStride, stage, memory);
    }
  });
}

int64_t depthwiseStride(int64_t channels) { return roundUp(channels, 16); }

void packDepthwise(float* target, const float* weight, int64_t taps, int64_t channels) {
  const int64_t stride = depthwiseStride(channels);
  for (int64_t t = 0; t < taps; ++t) {
    for (int64_t c = 0; c < channels; ++c) target[t * stride + c] = weight[c * taps + t];
    zeroFloats(target + t * stride + channels, stride - channels);
  }
}

void convolveLanes(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, const float* weight,
                   int64_t groups, int64_t outer, int64_t groupStride, int64_t innerStride, int64_t outerStride, float* y,
                   int64_t yStride, const OutputStage& stage) {
  const int64_t outputs = groups * outer, inner = s.channels;
  if (s.pixels() == 0 || outputs == 0) return;
  // Weights as [tap][inner channel][output].
  const int64_t stride = roundUp(outputs, 16);
  float* weights =
      static_cast<float*>(context.scratch(context, context.pool.size(), tapCount * inner * stride * 4));
  for (int64_t t = 0; t < tapCount; ++t) {
    for (int64_t c = 0; c < inner; ++c) {
      float* to = weights + (t * inner + c) * stride;
      for (int64_t o = 0; o < outputs; ++o) {
        to[o] = weight[c * innerStride + o / outer * groupStride + o % outer * outerStride + taps[t].index];
      }
    }
  }
  int64_t lowest = 0, highest = 0;
  for (int64_t t = 0; t < tapCount; ++t) {
    lowest = t == 0 ? taps[t].dy : smaller(lowest, taps[t].dy);
    highest = t == 0 ? taps[t].dy : larger(highest, taps[t].dy);
  }
  // Each input channel is repeated for the outputs it feeds, a chunk of outputs at a time, so that every tap and inner
  // channel becomes a depthwise tap. A chunk's rows stay in the second-level cache.
  const int64_t chunk = smaller(outputs, 32);
  const int64_t chunks = divideUp(outputs, chunk);
  const int64_t rowsAtOnce = larger(1, smaller(8, divideUp(s.images * s.gridH, 2 * int64_t{context.pool.size()})));
  const int64_t rowGroups = divideUp(s.gridH, rowsAtOnce);
  const int64_t expandedRows = (rowsAtOnce - 1) * s.strideY + highest - lowest + 1;
  const int64_t pixelFloats = inner * chunk;
  Sampling expanded = s;
  expanded.pixelStride = pixelFloats;
  const int64_t rowBytes = laneRowBytes(expanded, tapCount * inner, chunk, stage);
  const int64_t imageBytes = roundUp(expandedRows * s.w * pixelFloats * 4, 64) + 64;
  const int64_t tapBytes = roundUp(tapCount * inner * int64_t{sizeof(LaneTap)}, 64);
  parallelFor(context.pool, s.images * rowGroups * chunks, [&](int64_t task, int thread) {
    const int64_t output0 = task % chunks * chunk, count = smaller(chunk, outputs - output0);
    const int64_t image = task / chunks / rowGroups, i0 = task / chunks % rowGroups * rowsAtOnce;
    const int64_t i1 = smaller(i0 + rowsAtOnce, s.gridH);
    char* memory = static_cast<char*>(context.scratch(context, thread, imageBytes + tapBytes + rowBytes));
    float* rows = reinterpret_cast<float*>(memory);
    LaneTap* lanes = reinterpret_cast<LaneTap*>(memory + imageBytes);
    for (int64_t t = 0; t < tapCount; ++t) {
      for (int64_t c = 0; c < inner; ++c) {
        lanes[t * inner + c] = {taps[t].dy, taps[t].dx, c * chunk, weights + (t * inner + c) * stride + output0};
      }
    }
    const int64_t y0 = larger(0, i0 * s.strideY + lowest);
    const int64_t y1 = smaller(s.h, (i1 - 1) * s.strideY + highest + 1);
    for (int64_t row = y0; row < y1; ++row) {
      const float* from = s.x + (image * s.h + row) * s.w * s.pixelStride;
      float* to = rows + (row - y0) * s.w * pixelFloats;
      for (int64_t x = 0; x < s.w; ++x) {
        for (int64_t c = 0; c < inner; ++c) {
          for (int64_t o = 0; o < count; ++o) to[c * chunk + o] = from[(output0 + o) / outer * inner + c];
        }
        from += s.pixelStride;
        to += pixelFloats;
      }
    }
    Sampling local = expanded;
    // laneRow adds (image * h + y) * w pixels, of which the first y0 rows are not there.
    local.x = rows - (image * s.h + y0) * s.w * pixelFloats;
    const OutputStage chunkStage = stage.fromColumn(output0);
    for (int64_t i = i0; i < i1; ++i) {
      laneRow(local, lanes, tapCount * inner, image, i, count, y + output0, yStride, chunkStage,
              memory + imageBytes + tapBytes);
    }
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
