// Convolution over a sampling: what the forward pass and the gradient of the input share.
#pragma once
#include "product.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {

// Packed weights of one group: panels of the output channels, k = tap * inner + channel.
int64_t packedGroupFloats(int64_t taps, int64_t inner, int64_t outer);

// Packs the weights of `groups` groups, group by group. Element (group, tap, inner channel, outer channel) of `weight`
// is at group * groupStride + taps[tap].index + inner * innerStride + outer * outerStride.
void packWeights(Context& context, float* target, const float* weight, const Tap* taps, int64_t tapCount, int64_t groups,
                 int64_t inner, int64_t outer, int64_t groupStride, int64_t innerStride, int64_t outerStride);

// Grouped convolution by matrix products. `sampling` is of the first group, with the channels of one group.
void convolvePacked(Context& context, const Sampling& sampling, const Tap* taps, int64_t tapCount, const float* packed,
                    int64_t groups, int64_t outer, float* y, int64_t yStride, const OutputStage& stage);

// Grouped convolution with few channels in a group, vectors along the output channels, from weights that packGrouped made.
// `sampling` has the channels of one group.
void convolveGrouped(Context& context, const Sampling& sampling, const Tap* taps, int64_t tapCount, int64_t allTaps,
                     const float* packed, int64_t groups, int64_t outer, float* y, int64_t yStride,
                     const OutputStage& stage);

// As packWeights, for convolveGrouped.
void packGrouped(float* target, const float* weight, int64_t taps, int64_t groups, int64_t inner, int64_t outer,
                 int64_t groupStride, int64_t innerStride, int64_t outerStride);
int64_t packedGroupedFloats(int64_t taps, int64_t groups, int64_t inner, int64_t outer);

// One channel a group on both sides; weights [tap][channel], rows `weightStride` apart.
void convolveDepthwise(Context& context, const Sampling& sampling, const Tap* taps, int64_t tapCount,
                       const float* weights, int64_t weightStride, int64_t channels, float* y, int64_t yStride,
                       const OutputStage& stage);

// [channels, taps] to [tap][channel] rows of depthwiseStride(channels) floats.
void packDepthwise(float* target, const float* weight, int64_t taps, int64_t channels);
int64_t depthwiseStride(int64_t channels);

}  // namespace OCELLI_ISA
}  // namespace ocelli
