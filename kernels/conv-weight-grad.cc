#include "depthwise.h"
#include "grouped.h"
#include "winograd.h"
#include "patches.h"

namespace ocelli {
namespace OCELLI_ISA {

// dw = dy^T patches, summed over all pixels. The pixels are cut into stretches so that there is work for all threads;
// each stretch has its own partial sums, added in order at the end.
void conv2dWeightGrad(const Conv2dWeightGrad& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  if (i.algorithm == ConvAlgorithm::Depthwise) {
    depthwiseWeightGrad(i, context);
    return;
  }
  if (supportedAlgorithm(i.algorithm, i.x.c / g.groups, i.dy.c / g.groups) == ConvAlgorithm::Grouped) {
    groupedWeightGrad(i, context);
    return;
  }
  if (winogradTile(i.algorithm) != 0) {
    winogradWeightGrad(i, context);
    return;
  }
  const int64_t tapCount = g.kernelH * g.kernelW;
  const int64_t inner = i.x.c / g.groups, outer = i.dy.c / g.groups, columns = tapCount * inner;
  const float* x = context.at<float>(i.x.slot, i.x.offset);
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  float* dw = context.at<float>(i.dw.slot, i.dw.offset);
  if (outer == 0 || columns == 0) return;

  const Sampling sampling = forwardSampling(g, x, i.x, inner, i.dy);
  Array<Tap> taps(tapCount);
  forwardTaps(g, taps.data());
  Array<Run> runs(tapCount);
  const int64_t runCount = joinTaps(sampling, taps.data(), tapCount, runs.data());

  const int64_t pixels = sampling.pixels();
  const Partition p = partition(outer, columns, pixels, g.groups, 1);
  const int64_t tasks = g.groups * p.blocks();
  const int64_t threads = context.pool.size();
  constexpr int64_t fewestPixels = 2 * tileDepth;
  const int64_t wanted = threads == 1 ? 1 : divideUp(4 * threads, tasks);
  const int64_t stretches = larger(1, smaller(wanted, pixels / fewestPixels));
  const int64_t size = i.dy.c * columns;
  float* partial = static_cast<float*>(context.scratch(context, context.pool.size(), stretches * size * 4));
  const int64_t bytes = blockScratchBytes(p, true, OutputStage{});
  parallelFor(context.pool, stretches * tasks, [&](int64_t task, int thread) {
    const int64_t stretch = task / tasks, group = task % tasks / p.blocks(), block = task % p.blocks();
    const int64_t first = pixels * stretch / stretches, last = pixels * (stretch + 1) / stretches;
    const BlockScratch scratch = blockScratch(context.scratch(context, thread, bytes), p, true);
    Sampling ofGroup = sampling;
    ofGroup.x += group * inner;
    const TransposedLeft left{dy + first * i.dy.pixelStride + group * outer, i.dy.pixelStride};
    const PatchesRight right{ofGroup, runs.data(), runCount, columns, first};
    const Output output{partial + stretch * size + group * outer * columns, columns, OutputStage{}};
    computeBlock(left, right, last - first, p, block, output, scratch);
  });
  parallelFor(context.pool, i.dy.c, [&](int64_t o, int) {
    float* sums = partial + o * columns;
    for (int64_t stretch = 1; stretch < stretches; ++stretch) {
      const float* from = sums + stretch * size;
      for (int64_t k = 0; k < columns; ++k) sums[k] += from[k];
    }
    float* to = dw + o * columns;
    for (int64_t t = 0; t < tapCount; ++t) {
      for (int64_t c = 0; c < inner; ++c) to[c * tapCount + t] = sums[t * inner + c];
    }
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
