#include "depthwise.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

struct Source {
  const float* x;
  const float* weights;
};

struct LaneTarget {
  float* c;                 // of the first pixel
  int64_t step;             // from pixel to pixel
  const float* bias;
  const float* residual;
  int64_t residualStep;
  float low, high;
};

OCELLI_INLINE Vector loadSome(const float* p, int64_t n) {
  return n == Vector::width ? Vector::load(p) : Vector::loadPartial(p, n);
}

// P pixels x V vectors of channels; the last vector has `lanes` channels.
template <int P, int V, bool Whole>
OCELLI_INLINE void lanes(const Source* sources, int64_t count, int64_t at, int64_t pixelStep, int64_t channel,
                         int64_t lanes, const LaneTarget& target) {
  Vector sum[P][V];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[p][v] = Vector::zero();
  }
  for (int64_t t = 0; t < count; ++t) {
    const float* x = sources[t].x + at + channel;
    const float* w = sources[t].weights + channel;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const bool whole = Whole || v < V - 1;
      const Vector weight = whole ? Vector::load(w + v * Vector::width) : Vector::loadPartial(w + v * Vector::width, lanes);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) {
        const float* from = x + p * pixelStep + v * Vector::width;
        sum[p][v] = fma(whole ? Vector::load(from) : Vector::loadPartial(from, lanes), weight, sum[p][v]);
      }
    }
  }
  const Vector low = Vector::broadcast(target.low), high = Vector::broadcast(target.high);
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const bool whole = Whole || v < V - 1;
    const int64_t offset = channel + v * Vector::width, n = whole ? Vector::width : lanes;
    const Vector bias = target.bias == nullptr ? Vector::zero() : loadSome(target.bias + offset, n);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
      Vector value = target.bias == nullptr ? sum[p][v] : sum[p][v] + bias;
      if (target.residual != nullptr) value = value + loadSome(target.residual + p * target.residualStep + offset, n);
      value = clampAbove(clampBelow(value, low), high);
      float* to = target.c + p * target.step + offset;
      if (whole) {
        value.store(to);
      } else {
        value.storePartial(to, lanes);
      }
    }
  }
}

template <int P>
void pixels(const Source* sources, int64_t count, int64_t at, int64_t pixelStep, int64_t channels,
            const LaneTarget& target) {
  constexpr int64_t width = Vector::width;
  int64_t channel = 0;
  for (; channel + 2 * width <= channels; channel += 2 * width) {
    lanes<P, 2, true>(sources, count, at, pixelStep, channel, width, target);
  }
  if (channel + width <= channels) {
    lanes<P, 1, true>(sources, count, at, pixelStep, channel, width, target);
    channel += width;
  }
  if (channel < channels) lanes<P, 1, false>(sources, count, at, pixelStep, channel, channels - channel, target);
}

}  // namespace

int64_t laneRowBytes(const Sampling& sampling, int64_t tapCount, int64_t channels, const OutputStage& stage) {
  int64_t bytes = roundUp(tapCount * int64_t{2 * sizeof(Source) + 8}, 64);
  if (stage.code != nullptr) {
    bytes += roundUp(sampling.gridW * channels * 4, 64) + roundUp(sampling.gridW * 8, 64) + stage.registerBytes();
  }
  return bytes;
}

void laneRow(const Sampling& s, const LaneTap* taps, int64_t tapCount, int64_t image, int64_t i, int64_t channels,
             float* c, int64_t cStride, const OutputStage& stage, void* memory) {
  char* at = static_cast<char*>(memory);
  Source* inside = reinterpret_cast<Source*>(at);
  Source* some = inside + tapCount;
  int64_t* dx = reinterpret_cast<int64_t*>(some + tapCount);
  at += roundUp(tapCount * int64_t{2 * sizeof(Source) + 8}, 64);

  int64_t count = 0, lowest = 0, highest = 0;
  for (int64_t t = 0; t < tapCount; ++t) {
    const int64_t y = i * s.strideY + taps[t].dy;
    if (y < 0 || y >= s.h) continue;
    inside[count] = {s.x + ((image * s.h + y) * s.w + taps[t].dx) * s.pixelStride + taps[t].offset, taps[t].weights};
    dx[count] = taps[t].dx;
    lowest = count == 0 ? taps[t].dx : smaller(lowest, taps[t].dx);
    highest = count == 0 ? taps[t].dx : larger(highest, taps[t].dx);
    ++count;
  }

  const int64_t row0 = outputRow(s, {image, i, 0});
  LaneTarget target{};
  float* values = nullptr;
  if (stage.code != nullptr) {
    values = reinterpret_cast<float*>(at);
    at += roundUp(s.gridW * channels * 4, 64);
    target.c = values;
    target.step = channels;
    target.low = -__builtin_inff();
    target.high = __builtin_inff();
  } else {
    target.c = c + row0 * cStride;
    target.step = s.outStepX * cStride;
    target.bias = stage.bias;
    target.residual = stage.residual == nullptr ? nullptr : stage.residual + row0 * stage.residualStride;
    target.residualStep = s.outStepX * stage.residualStride;
    target.low = stage.low;
    target.high = stage.high;
  }
  auto targetAt = [&](int64_t j) {
    LaneTarget t = target;
    t.c += j * target.step;
    if (t.residual != nullptr) t.residual += j * target.residualStep;
    return t;
  };
  auto border = [&](int64_t j) {
    int64_t n = 0;
    for (int64_t t = 0; t < count; ++t) {
      const int64_t x = j * s.strideX + dx[t];
      if (x >= 0 && x < s.w) some[n++] = inside[t];
    }
    pixels<1>(some, n, j * s.strideX * s.pixelStride, 0, channels, targetAt(j));
  };

  // Columns first .. last - 1 have every tap inside the image.
  const int64_t first = smaller(lowest < 0 ? divideUp(-lowest, s.strideX) : 0, s.gridW);
  const int64_t room = s.w - 1 - highest;
  const int64_t last = larger(first, room < 0 ? 0 : smaller(s.gridW, room / s.strideX + 1));
  const int64_t step = s.strideX * s.pixelStride;
  for (int64_t j = 0; j < first; ++j) border(j);
  int64_t j = first;
  for (; j + 4 <= last; j += 4) pixels<4>(inside, count, j * step, step, channels, targetAt(j));
  for (; j < last; ++j) pixels<1>(inside, count, j * step, step, channels, targetAt(j));
  for (; j < s.gridW; ++j) border(j);

  if (stage.code != nullptr) {
    int64_t* rowIndex = reinterpret_cast<int64_t*>(at);
    at += roundUp(s.gridW * 8, 64);
    for (int64_t column = 0; column < s.gridW; ++column) rowIndex[column] = row0 + column * s.outStepX;
    runEpilogueCode(stage, values, channels, s.gridW, channels, rowIndex, 0, c, cStride, reinterpret_cast<float*>(at));
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
