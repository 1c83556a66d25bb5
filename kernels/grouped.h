// Grouped convolutions of few channels: a vector of output channels may span several groups.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

// The algorithm that runs where this one is asked for: Grouped needs the inputs of a vector of output channels to lie in one
// vector, or to be the same for all of its lanes.
ConvAlgorithm supportedAlgorithm(ConvAlgorithm algorithm, int64_t inner, int64_t outer);

// dw of a grouped convolution whose algorithm is Grouped.
void groupedWeightGrad(const Conv2dWeightGrad& i, Context& context);

}  // namespace OCELLI_ISA
}  // namespace ocelli
