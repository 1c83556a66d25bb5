// The gradient of a convolution's input, made the other way round: each pixel of dy times the whole kernel, spread over
// the pixels that it came from. For few channels, where vectors along the channels of dx would be mostly empty.
#pragma once
#include "epilogue.h"

namespace ocelli {
namespace OCELLI_ISA {

// Whether that is less work; for `threads` threads, which each take images of their own.
bool spreads(const ConvGeometry& g, const Image& dy, const Image& dx, int threads);
void spreadInputGrad(const Conv2dInputGrad& i, const OutputStage& stage, Context& context);

}  // namespace OCELLI_ISA
}  // namespace ocelli
