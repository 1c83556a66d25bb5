#include "convolve.h"

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

}  // namespace OCELLI_ISA
}  // namespace ocelli
