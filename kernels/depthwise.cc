#include "depthwise.h"

#include "convolve.h"
#include "depthwise-kernel.h"

namespace ocelli {
namespace OCELLI_ISA {

void convolveDepthwise(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, const float* weights,
                       int64_t weightStride, int64_t channels, float* y, int64_t yStride, const OutputStage& stage) {
  if (s.pixels() == 0) return;
  Array<LaneTap> lanes(tapCount);
  for (int64_t t = 0; t < tapCount; ++t) lanes[t] = {taps[t].dy, taps[t].dx, 0, weights + taps[t].index * weightStride};
  const DepthwiseKernel kernel{channels, s.pixelStride, tapsAcross(taps, tapCount), s.strideX, stage.sumDepth};
  const int64_t bytes = laneRowBytes(s, tapCount, channels, stage);
  laneRows(context, s, s.gridW * channels * tapCount, bytes, [&](int64_t image, int64_t row, void* memory) {
    laneRow(kernel, s, lanes.data(), tapCount, image, row, channels, y, yStride, stage, memory);
  });
}

int64_t depthwiseStride(int64_t channels) { return roundUp(channels, 16); }

void packDepthwise(float* target, const float* weight, int64_t taps, int64_t channels) {
  const int64_t stride = depthwiseStride(channels);
  for (int64_t t = 0; t < taps; ++t) {
    for (int64_t c = 0; c < channels; ++c) target[t * stride + c] = weight[c * taps + t];
    zeroFloats(target + t * stride + channels, stride - channels);
  }
}

namespace {

// Adds to sums[channel] the products of one tap over one row of pixels.
template <int V>
OCELLI_INLINE void addRow(const float* x, int64_t xStep, const float* dy, int64_t dyStep, int64_t count, float* sums) {
  Vector sum[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) sum[v] = Vector::load(sums + v * Vector::width);
  for (int64_t j = 0; j < count; ++j) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      sum[v] = fma(Vector::load(x + v * Vector::width), Vector::load(dy + v * Vector::width), sum[v]);
    }
    x += xStep;
    dy += dyStep;
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) sum[v].store(sums + v * Vector::width);
}

void addRowAll(const float* x, int64_t xStep, const float* dy, int64_t dyStep, int64_t count, int64_t channels,
               float* sums) {
  constexpr int64_t width = Vector::width;
  int64_t c = 0;
  for (; c + 4 * width <= channels; c += 4 * width) addRow<4>(x + c, xStep, dy + c, dyStep, count, sums + c);
  for (; c + width <= channels; c += width) addRow<1>(x + c, xStep, dy + c, dyStep, count, sums + c);
  if (c == channels) return;
  const int64_t rest = channels - c;
  Vector sum = Vector::loadPartial(sums + c, rest);
  for (int64_t j = 0; j < count; ++j) {
    sum = fma(Vector::loadPartial(x + c + j * xStep, rest), Vector::loadPartial(dy + c + j * dyStep, rest), sum);
  }
  sum.storePartial(sums + c, rest);
}

}  // namespace

void depthwiseWeightGrad(const Conv2dWeightGrad& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t taps = g.kernelH * g.kernelW, channels = i.x.c;
  const float* x = context.at<float>(i.x.slot, i.x.offset);
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  float* dw = context.at<float>(i.dw.slot, i.dw.offset);
  const int64_t rows = i.dy.n * i.dy.h;
  const int64_t chunks = larger(1, smaller(rows, 4 * int64_t{context.pool.size()}));
  const int64_t stride = roundUp(channels, 16);
  float* partial =
      static_cast<float*>(context.scratch(context, context.pool.size(), chunks * taps * stride * 4));
  parallelFor(context.pool, chunks, [&](int64_t chunk, int) {
    float* sums = partial + chunk * taps * stride;
    zeroFloats(sums, taps * stride);
    for (int64_t row = rows * chunk / chunks; row < rows * (chunk + 1) / chunks; ++row) {
      const int64_t image = row / i.dy.h, oy = row % i.dy.h;
      for (int64_t t = 0; t < taps; ++t) {
        const TapRow tap = tapRow(g, t, i.x, oy, i.dy.w);
        if (tap.first >= tap.last) continue;
        addRowAll(x + ((image * i.x.h + tap.y) * i.x.w + tap.x) * i.x.pixelStride, g.strideW * i.x.pixelStride,
                  dy + (row * i.dy.w + tap.first) * i.dy.pixelStride, i.dy.pixelStride, tap.last - tap.first, channels,
                  sums + t * stride);
      }
    }
  });
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < taps; ++t) {
      float sum = 0.0f;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[(chunk * taps + t) * stride + c];
      dw[c * taps + t] = sum;
    }
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
