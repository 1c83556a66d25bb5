#include "convolve.h"
#include "grouped.h"
#include "spread.h"
#include "winograd.h"

namespace ocelli {
namespace OCELLI_ISA {

void conv2dInputGrad(const Conv2dInputGrad& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t tapCount = g.kernelH * g.kernelW;
  // Sums run over the channels of dy, results are channels of dx.
  const int64_t inner = i.dy.c / g.groups, outer = i.dx.c / g.groups;
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  const float* weight = context.at<float>(i.weight.slot, i.weight.offset);
  float* dx = context.at<float>(i.dx.slot, i.dx.offset);
  const OutputStage stage = resolveEpilogue(i.hasEpilogue ? &i.epilogue : nullptr, context);
  Array<Tap> taps(tapCount);
  const ConvAlgorithm algorithm = supportedAlgorithm(i.algorithm, inner, outer);

  if (const int64_t tile = winogradTile(algorithm)) {
    const Sampling sampling = phaseSampling(g, dy, i.dy, inner, i.dx, 0, 0);
    phaseTaps(g, 0, 0, taps.data());
    const int64_t weightFloats = winogradWeightFloats(tile, inner, outer);
    float* memory = static_cast<float*>(context.scratch(
        context, context.pool.size(), (weightFloats + winogradInputFloats(tile, sampling)) * 4));
    packWinograd(context, tile, memory, weight, taps.data(), inner, outer, outer * tapCount, tapCount);
    convolveWinograd(context, tile, sampling, taps.data(), memory, outer, dx, i.dx.pixelStride, stage,
                     memory + weightFloats);
    return;
  }
  if (algorithm == ConvAlgorithm::ImplicitGemm && spreads(g, i.dy, i.dx, context.pool.size())) {
    spreadInputGrad(i, stage, context);
    return;
  }
  float* packed = nullptr;
  if (algorithm == ConvAlgorithm::Depthwise) {
    packed = static_cast<float*>(
        context.scratch(context, context.pool.size(), tapCount * depthwiseStride(i.dx.c) * 4));
    packDepthwise(packed, weight, tapCount, i.dx.c);
  } else if (algorithm == ConvAlgorithm::Grouped) {
    packed = static_cast<float*>(context.scratch(context, context.pool.size(),
                                                 packedGroupedFloats(tapCount, g.groups, inner, outer) * 4));
    packGrouped(packed, weight, tapCount, g.groups, inner, outer, inner * outer * tapCount, outer * tapCount, tapCount);
  } else {
    packed = static_cast<float*>(
        context.scratch(context, context.pool.size(), g.groups * packedGroupFloats(tapCount, inner, outer) * 4));
  }
  for (int64_t phaseY = 0; phaseY < g.strideH; ++phaseY) {
    for (int64_t phaseX = 0; phaseX < g.strideW; ++phaseX) {
      const Sampling sampling = phaseSampling(g, dy, i.dy, inner, i.dx, phaseY, phaseX);
      if (sampling.pixels() == 0) continue;
      const int64_t count = phaseTaps(g, phaseY, phaseX, taps.data());
      const int64_t groupStride = inner * outer * tapCount;
      if (algorithm == ConvAlgorithm::Depthwise) {
        convolveDepthwise(context, sampling, taps.data(), count, packed, depthwiseStride(i.dx.c), i.dx.c, dx,
                          i.dx.pixelStride, stage);
      } else if (algorithm == ConvAlgorithm::Grouped) {
        convolveGrouped(context, sampling, taps.data(), count, tapCount, packed, g.groups, outer, dx, i.dx.pixelStride,
                        stage);
      } else {
        packWeights(context, packed, weight, taps.data(), count, g.groups, inner, outer, groupStride, outer * tapCount,
                    tapCount);
        convolvePacked(context, sampling, taps.data(), count, packed, g.groups, outer, dx, i.dx.pixelStride, stage);
      }
    }
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
