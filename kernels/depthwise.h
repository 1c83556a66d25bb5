// Convolutions whose every channel is alone: one weight a tap and channel, vectors along the channels.
#pragma once
#include "epilogue.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {

// A tap over an image whose channels may be shifted (`offset` floats), with its row of weights.
struct LaneTap {
  int64_t dy, dx, offset;
  const float* weights;
};

// Computes row i of image `image` of the grid for `channels` channels, from sampling.x and the weights on; results go
// to c (row r of the output at c + r * cStride), through the stage. `memory` holds laneRowBytes.
void laneRow(const Sampling& sampling, const LaneTap* taps, int64_t tapCount, int64_t image, int64_t i, int64_t channels,
             float* c, int64_t cStride, const OutputStage& stage, void* memory);

int64_t laneRowBytes(const Sampling& sampling, int64_t tapCount, int64_t channels, const OutputStage& stage);

// dw [channels, taps] of a depthwise convolution.
void depthwiseWeightGrad(const Conv2dWeightGrad& i, Context& context);

}  // namespace OCELLI_ISA
}  // namespace ocelli
