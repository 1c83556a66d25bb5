// Winograd's minimal filtering for 3x3 kernels of stride 1 (Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks, 2016): tiles of M x M results from (M + 2)^2 products a channel pair instead of 9 M^2. F(2,3) interpolates at
// 0, 1, -1 and infinity; F(4,3) at 0, +-5/8, +-5/4 and infinity, which loses a third of the digits that 0, +-1, +-2 loses.
#pragma once
#include "epilogue.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {

// The M of F(M,3), or 0 where the algorithm is another one.
constexpr int64_t winogradTile(ConvAlgorithm algorithm) {
  return algorithm == ConvAlgorithm::WinogradF2 ? 2 : algorithm == ConvAlgorithm::WinogradF4 ? 4 : 0;
}

int64_t winogradWeightFloats(int64_t tile, int64_t inner, int64_t outer);

// Transforms weights. Element (tap, inner channel, outer channel) is at taps[tap].index + inner * innerStride + outer *
// outerStride; taps row by row.
void packWinograd(Context& context, int64_t tile, float* target, const float* weight, const Tap* taps, int64_t inner,
                  int64_t outer, int64_t innerStride, int64_t outerStride);

// Writes each pixel of the sampling's grid; `taps` as for packWinograd, `transformed` has winogradInputFloats.
void convolveWinograd(Context& context, int64_t tile, const Sampling& sampling, const Tap* taps, const float* packed,
                      int64_t outer, float* y, int64_t yStride, const OutputStage& stage, float* transformed);

int64_t winogradInputFloats(int64_t tile, const Sampling& sampling);

// dw [outer, inner, 3, 3].
void winogradWeightGrad(const Conv2dWeightGrad& i, Context& context);

}  // namespace OCELLI_ISA
}  // namespace ocelli
