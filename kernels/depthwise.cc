#include "depthwise.h"

#include "convolve.h"
#include "lane-rows.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

constexpr int64_t width = Vector::width;

// Channels by themselves. Where `across` taps lie side by side, each pixel of a row is loaded once for all of them.
struct DepthwiseKernel {
  int64_t channels, pixelStride;
  int64_t across, stride;

  template <int P>
  OCELLI_INLINE void pixels(const LaneSource* sources, int64_t count, int64_t at, int64_t pixelStep,
                            const LaneTarget& target) const {
    if constexpr (P > 1) {
      if (across == 3 && stride == 1) return rows<P, 3, 1>(sources, count, at, target);
      if (across == 3 && stride == 2) return rows<P, 3, 2>(sources, count, at, target);
      if (across == 5 && stride == 1) return rows<P, 5, 1>(sources, count, at, target);
      if (across == 5 && stride == 2) return rows<P, 5, 2>(sources, count, at, target);
      if (across == 7 && stride == 1) return rows<P, 7, 1>(sources, count, at, target);
    }
    for (int64_t c = 0; c < channels; c += width) {
      const int64_t n = channels - c;
      Vector sum[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sum[p] = Vector::zero();
      for (int64_t t = 0; t < count; ++t) {
        const float* x = sources[t].x + at + c;
        const Vector weight = Vector::load(sources[t].weights + c);
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) sum[p] = fma(loadLanes(x + p * pixelStep, n), weight, sum[p]);
      }
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) finishLanes(target, p, c, n, sum[p]);
    }
  }

 private:
  template <int P, int Across, int Stride>
  OCELLI_INLINE void rows(const LaneSource* sources, int64_t count, int64_t at, const LaneTarget& target) const {
    for (int64_t c = 0; c < channels; c += width) {
      const int64_t n = channels - c;
      Vector sum[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sum[p] = Vector::zero();
      if (n >= width) {
        for (int64_t t = 0; t < count; t += Across) addRow<P, Across, Stride, true>(sources + t, at + c, c, n, sum);
      } else {
        for (int64_t t = 0; t < count; t += Across) addRow<P, Across, Stride, false>(sources + t, at + c, c, n, sum);
      }
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) finishLanes(target, p, c, n, sum[p]);
    }
  }

  template <int P, int Across, int Stride, bool Whole>
  OCELLI_INLINE void addRow(const LaneSource* sources, int64_t at, int64_t channel, int64_t n, Vector (&sum)[P]) const {
    const float* x = sources[0].x + at;
    Vector weight[Across];
#pragma GCC unroll 8
    for (int t = 0; t < Across; ++t) weight[t] = Vector::load(sources[t].weights + channel);
#pragma GCC unroll 32
    for (int q = 0; q < (P - 1) * Stride + Across; ++q) {
      const Vector value = Whole ? Vector::load(x) : Vector::loadPartial(x, n);
      x += pixelStride;
#pragma GCC unroll 8
      for (int t = 0; t < Across; ++t) {
        if (q >= t && (q - t) % Stride == 0 && (q - t) / Stride < P) {
          sum[(q - t) / Stride] = fma(value, weight[t], sum[(q - t) / Stride]);
        }
      }
    }
  }
};

// How many taps lie side by side in each row of the kernel; 0 where it is no grid of neighbours.
int64_t tapsAcross(const Tap* taps, int64_t count) {
  int64_t across = 1;
  while (across < count && taps[across].dy == taps[0].dy) ++across;
  for (int64_t t = 0; t < count; ++t) {
    if (count % across != 0 || taps[t].dx != taps[0].dx + t % across || taps[t].dy != taps[t / across * across].dy) return 0;
  }
  return across;
}

}  // namespace

void convolveDepthwise(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, const float* weights,
                       int64_t weightStride, int64_t channels, float* y, int64_t yStride, const OutputStage& stage) {
  if (s.pixels() == 0) return;
  Array<LaneTap> lanes(tapCount);
  for (int64_t t = 0; t < tapCount; ++t) lanes[t] = {taps[t].dy, taps[t].dx, weights + taps[t].index * weightStride};
  const DepthwiseKernel kernel{channels, s.pixelStride, tapsAcross(taps, tapCount), s.strideX};
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
        const int64_t y = oy * g.strideH + t / g.kernelW * g.dilationH - g.padTop;
        if (y < 0 || y >= i.x.h) continue;
        const int64_t shift = t % g.kernelW * g.dilationW - g.padLeft;
        const int64_t first = shift < 0 ? divideUp(-shift, g.strideW) : 0;
        const int64_t room = i.x.w - 1 - shift;
        const int64_t last = room < 0 ? 0 : smaller(i.dy.w, room / g.strideW + 1);
        if (first >= last) continue;
        addRowAll(x + ((image * i.x.h + y) * i.x.w + first * g.strideW + shift) * i.x.pixelStride,
                  g.strideW * i.x.pixelStride, dy + (row * i.dy.w + first) * i.dy.pixelStride, i.dy.pixelStride,
                  last - first, channels, sums + t * stride);
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
