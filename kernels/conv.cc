#include "convolve.h"
#include "grouped.h"
#include "winograd.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

int64_t tapsOf(const ConvGeometry& g) { return g.kernelH * g.kernelW; }

}  // namespace

int64_t packedConvBytes(ConvAlgorithm algorithm, const ConvGeometry& g, int64_t outChannels, int64_t inChannels) {
  const int64_t taps = tapsOf(g);
  switch (supportedAlgorithm(algorithm, inChannels / g.groups, outChannels / g.groups)) {
    case ConvAlgorithm::Depthwise:
      return taps * depthwiseStride(outChannels) * 4;
    case ConvAlgorithm::Grouped:
      return packedGroupedFloats(taps, g.groups, inChannels / g.groups, outChannels / g.groups) * 4;
    case ConvAlgorithm::WinogradF2:
    case ConvAlgorithm::WinogradF4:
      return winogradWeightFloats(winogradTile(algorithm), inChannels, outChannels) * 4;
    default:
      return g.groups * packedGroupFloats(taps, inChannels / g.groups, outChannels / g.groups) * 4;
  }
}

void packConv(const PackConv& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t taps = tapsOf(g), inner = i.inChannels / g.groups, outer = i.outChannels / g.groups;
  const float* source = context.at<float>(i.source.slot, i.source.offset);
  float* target = context.at<float>(i.target.slot, i.target.offset);
  const ConvAlgorithm algorithm = supportedAlgorithm(i.algorithm, inner, outer);
  if (algorithm == ConvAlgorithm::Depthwise) {
    packDepthwise(target, source, taps, i.outChannels);
  } else if (algorithm == ConvAlgorithm::Grouped) {
    packGrouped(target, source, taps, g.groups, inner, outer, outer * inner * taps, taps, inner * taps);
  } else {
    Array<Tap> order(taps);
    forwardTaps(g, order.data());
    if (const int64_t tile = winogradTile(algorithm)) {
      packWinograd(context, tile, target, source, order.data(), inner, outer, taps, inner * taps);
      return;
    }
    packWeights(context, target, source, order.data(), taps, g.groups, inner, outer, outer * inner * taps, taps,
                inner * taps);
  }
}

void conv2d(const Conv2d& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t tapCount = tapsOf(g), inner = i.x.c / g.groups, outer = i.y.c / g.groups;
  const float* x = context.at<float>(i.x.slot, i.x.offset);
  const float* weight = context.at<float>(i.weight.slot, i.weight.offset);
  float* y = context.at<float>(i.y.slot, i.y.offset);
  const OutputStage stage = resolveEpilogue(i.hasEpilogue ? &i.epilogue : nullptr, context);
  const Sampling sampling = forwardSampling(g, x, i.x, inner, i.y);
  Array<Tap> taps(tapCount);
  forwardTaps(g, taps.data());
  const ConvAlgorithm algorithm = supportedAlgorithm(i.algorithm, inner, outer);

  if (const int64_t tile = winogradTile(algorithm)) {
    const int64_t weightFloats = i.packed ? 0 : winogradWeightFloats(tile, inner, outer);
    float* memory = static_cast<float*>(context.scratch(
        context, context.pool.size(), (weightFloats + winogradInputFloats(tile, sampling)) * 4));
    if (!i.packed) {
      packWinograd(context, tile, memory, weight, taps.data(), inner, outer, tapCount, inner * tapCount);
      weight = memory;
    }
    convolveWinograd(context, tile, sampling, taps.data(), weight, outer, y, i.y.pixelStride, stage,
                     memory + weightFloats);
    return;
  }
  if (!i.packed) {
    const int64_t bytes = packedConvBytes(algorithm, g, i.y.c, i.x.c);
    float* packed = static_cast<float*>(context.scratch(context, context.pool.size(), bytes));
    if (algorithm == ConvAlgorithm::Depthwise) {
      packDepthwise(packed, weight, tapCount, i.y.c);
    } else if (algorithm == ConvAlgorithm::Grouped) {
      packGrouped(packed, weight, tapCount, g.groups, inner, outer, outer * inner * tapCount, tapCount, inner * tapCount);
    } else {
      packWeights(context, packed, weight, taps.data(), tapCount, g.groups, inner, outer, outer * inner * tapCount,
                  tapCount, inner * tapCount);
    }
    weight = packed;
  }
  if (algorithm == ConvAlgorithm::Depthwise) {
    convolveDepthwise(context, sampling, taps.data(), tapCount, weight, depthwiseStride(i.y.c), i.y.c, y, i.y.pixelStride,
                      stage);
  } else if (algorithm == ConvAlgorithm::Grouped) {
    convolveGrouped(context, sampling, taps.data(), tapCount, tapCount, weight, g.groups, outer, y, i.y.pixelStride, stage);
  } else {
    convolvePacked(context, sampling, taps.data(), tapCount, weight, g.groups, outer, y, i.y.pixelStride, stage);
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
