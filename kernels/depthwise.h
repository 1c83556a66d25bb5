// Convolutions whose every channel is alone: one weight a tap and channel, vectors along the channels.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

// dw [channels, taps] of a depthwise convolution.
void depthwiseWeightGrad(const Conv2dWeightGrad& i, Context& context);

}  // namespace OCELLI_ISA
}  // namespace ocelli
