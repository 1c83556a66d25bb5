#include "grouped.h"

#include "convolve.h"
#include "depthwise-kernel.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

constexpr int64_t width = Vector::width;

// The output channels in blocks of one vector. Output channel o reads input channels o / outer * inner + i, i in 0 ..
// inner - 1. Where a block lies within one group, each input channel is the same for all lanes; else the inputs of a block
// are brought into place by a permutation of one vector, or one by one where they span more than a vector.
struct Blocks {
  int64_t outputs, inner, outer;
  int64_t count() const { return divideUp(outputs, width); }
  bool uniform() const { return outer % width == 0; }
  // The first input channel of a block.
  int64_t firstInput(int64_t block) const { return block * width / outer * inner; }
  // Where lane `lane` reads its first input, counted from the block's first.
  int64_t place(int64_t block, int64_t lane) const {
    return smaller(block * width + lane, outputs - 1) / outer * inner - firstInput(block);
  }
  int64_t inputs() const { return outputs / outer * inner; }
};

#if defined(__AVX512F__)
using Places = __m512i;
OCELLI_INLINE Places loadPlaces(const float* from) { return _mm512_loadu_si512(from); }
OCELLI_INLINE Vector permute(Vector x, Places places) { return {_mm512_permutexvar_ps(places, x.v)}; }
#elif defined(__AVX2__) && !defined(OCELLI_EMULATE_16)
using Places = __m256i;
OCELLI_INLINE Places loadPlaces(const float* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
OCELLI_INLINE Vector permute(Vector x, Places places) { return {_mm256_permutevar8x32_ps(x.v, places)}; }
#else
struct Places {
  int32_t at[width];
};
OCELLI_INLINE Places loadPlaces(const float* from) {
  Places places;
  std::memcpy(&places, from, sizeof(places));
  return places;
}
OCELLI_INLINE Vector permute(Vector x, const Places& places) {
  float from[width], to[width];
  x.store(from);
  for (int64_t lane = 0; lane < width; ++lane) to[lane] = from[places.at[lane]];
  return Vector::load(to);
}
#endif

// Packed: for each block the weights [tap][i][lane], then the places [i][lane] as integers.
int64_t blockFloats(int64_t taps, int64_t inner) { return (taps + 1) * inner * width; }

struct GroupedKernel {
  Blocks blocks;
  int64_t taps;
  const float* packed;  // to find a block's places
  int64_t sumDepth;

  template <int P>
  OCELLI_INLINE void pixels(const LaneSource* sources, int64_t count, int64_t at, int64_t pixelStep,
                            const LaneTarget& target) const {
    const int64_t inner = blocks.inner, floats = blockFloats(taps, inner);
    const bool uniform = blocks.uniform();
    const int64_t depth = larger(1, sumDepth / inner);  // taps
    for (int64_t block = 0; block < blocks.count(); ++block) {
      const int64_t first = blocks.firstInput(block);
      Vector sum[P];
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sum[p] = Vector::zero();
      alignas(64) float aside[P * width];
      if (uniform) {
        for (int64_t t = 0, next = depth; t < count; ++t) {
          if (t == next) {
            setAside(sum, aside, t == depth);
            next += depth;
          }
          const float* x = sources[t].x + at + first;
          const float* weights = sources[t].weights + block * floats;
          for (int64_t i = 0; i < inner; ++i) {
            const Vector weight = Vector::load(weights + i * width);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) sum[p] = fma(Vector::broadcast(x[p * pixelStep + i]), weight, sum[p]);
          }
        }
      } else {
        const int64_t n = blocks.inputs() - first;
        const float* places = packed + block * floats + taps * inner * width;
        for (int64_t t = 0, next = depth; t < count; ++t) {
          if (t == next) {
            setAside(sum, aside, t == depth);
            next += depth;
          }
          const float* from = sources[t].x + at + first;
          const float* weights = sources[t].weights + block * floats;
          Vector x[P];
#pragma GCC unroll 8
          for (int p = 0; p < P; ++p) x[p] = loadLanes(from + p * pixelStep, n);
          for (int64_t i = 0; i < inner; ++i) {
            const Vector weight = Vector::load(weights + i * width);
            const Places at = loadPlaces(places + i * width);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) sum[p] = fma(permute(x[p], at), weight, sum[p]);
          }
        }
      }
      if (count > depth) addAside(sum, aside);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) finishLanes(target, p, block * width, blocks.outputs - block * width, sum[p]);
    }
  }
};

// Adds to sums[i][lane] the products of dy's lanes and input channel first + i over a row of pixels, for N of the i.
template <int N>
void addRow(const float* x, int64_t xStep, int64_t xCount, const float* dy, int64_t dyStep, int64_t dyCount,
            int64_t pixels, const float* places, float* sums) {
  Vector sum[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) sum[i] = Vector::load(sums + i * width);
  for (int64_t j = 0; j < pixels; ++j) {
    const Vector gradient = loadLanes(dy, dyCount);
    if (places == nullptr) {
#pragma GCC unroll 8
      for (int i = 0; i < N; ++i) sum[i] = fma(Vector::broadcast(x[i]), gradient, sum[i]);
    } else {
      const Vector value = loadLanes(x, xCount);
#pragma GCC unroll 8
      for (int i = 0; i < N; ++i) sum[i] = fma(permute(value, loadPlaces(places + i * width)), gradient, sum[i]);
    }
    x += xStep;
    dy += dyStep;
  }
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) sum[i].store(sums + i * width);
}

// Whether a permutation costs as much as a multiply-add: then each pixel is permuted once for all its taps.
#if defined(__AVX2__) && !defined(OCELLI_EMULATE_16)
constexpr bool expands = true;
#else
constexpr bool expands = false;
#endif

// A block of output channels at a time, over rows in which each of its inputs has been brought into place: pixel x holds
// `inner` vectors, so that every tap and inner channel is a tap of a depthwise convolution.
void convolveExpanded(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, int64_t allTaps,
                      const float* packed, const Blocks& blocks, float* y, int64_t yStride, const OutputStage& stage) {
  const int64_t inner = blocks.inner, floats = blockFloats(allTaps, inner), pixelFloats = inner * width;
  int64_t lowest = taps[0].dy, highest = taps[0].dy;
  for (int64_t t = 1; t < tapCount; ++t) {
    lowest = smaller(lowest, taps[t].dy);
    highest = larger(highest, taps[t].dy);
  }
  const int64_t across = tapsAcross(taps, tapCount), rowTaps = across == 0 ? 1 : across;
  const int64_t rowsAtOnce = larger(1, smaller(8, divideUp(s.images * s.gridH, 2 * int64_t{context.pool.size()})));
  const int64_t rowGroups = divideUp(s.gridH, rowsAtOnce);
  Sampling expanded = s;
  expanded.pixelStride = pixelFloats;
  expanded.channels = width;
  const int64_t rows = (rowsAtOnce - 1) * s.strideY + highest - lowest + 1;
  const int64_t imageBytes = roundUp(rows * s.w * pixelFloats * 4, 64);
  const int64_t tapBytes = roundUp(tapCount * inner * int64_t{sizeof(LaneTap)}, 64);
  const int64_t bytes = imageBytes + tapBytes + laneRowBytes(expanded, tapCount * inner, width, stage);
  const DepthwiseKernel whole{width, pixelFloats, across, s.strideX, stage.sumDepth};
  parallelFor(context.pool, s.images * rowGroups * blocks.count(), [&](int64_t task, int thread) {
    const int64_t block = task % blocks.count(), group = task / blocks.count();
    const int64_t image = group / rowGroups, i0 = group % rowGroups * rowsAtOnce;
    const int64_t i1 = smaller(i0 + rowsAtOnce, s.gridH), column = block * width;
    char* memory = static_cast<char*>(context.scratch(context, thread, bytes));
    float* image0 = reinterpret_cast<float*>(memory);
    LaneTap* lanes = reinterpret_cast<LaneTap*>(memory + imageBytes);
    const float* weights = packed + block * floats;
    const float* places = weights + allTaps * inner * width;
    // Taps of a row side by side for each inner channel.
    for (int64_t t = 0; t < tapCount; ++t) {
      for (int64_t i = 0; i < inner; ++i) {
        lanes[(t / rowTaps * inner + i) * rowTaps + t % rowTaps] = {
            taps[t].dy, taps[t].dx, i * width, weights + (taps[t].index * inner + i) * width};
      }
    }
    const int64_t first = blocks.firstInput(block), n = blocks.inputs() - first;
    const int64_t y0 = larger(0, i0 * s.strideY + lowest), y1 = smaller(s.h, (i1 - 1) * s.strideY + highest + 1);
    for (int64_t row = y0; row < y1; ++row) {
      const float* from = s.x + (image * s.h + row) * s.w * s.pixelStride + first;
      float* to = image0 + (row - y0) * s.w * pixelFloats;
      for (int64_t x = 0; x < s.w; ++x) {
        const Vector value = loadLanes(from, n);
        for (int64_t i = 0; i < inner; ++i) permute(value, loadPlaces(places + i * width)).store(to + i * width);
        from += s.pixelStride;
        to += pixelFloats;
      }
    }
    Sampling local = expanded;
    // laneRow adds (image * h + y) * w pixels, of which the first y0 rows are not there.
    local.x = image0 - (image * s.h + y0) * s.w * pixelFloats;
    DepthwiseKernel kernel = whole;
    kernel.channels = smaller(width, blocks.outputs - column);
    const OutputStage blockStage = stage.fromColumn(column);
    for (int64_t i = i0; i < i1; ++i) {
      laneRow(kernel, local, lanes, tapCount * inner, image, i, kernel.channels, y + column, yStride, blockStage,
              memory + imageBytes + tapBytes);
    }
  });
}

void writePlaces(const Blocks& blocks, int64_t block, float* target) {
  for (int64_t i = 0; i < blocks.inner; ++i) {
    for (int64_t lane = 0; lane < width; ++lane) {
      const int32_t place = static_cast<int32_t>(blocks.place(block, lane) + i);
      std::memcpy(target + i * width + lane, &place, 4);
    }
  }
}

}  // namespace

ConvAlgorithm supportedAlgorithm(ConvAlgorithm algorithm, int64_t inner, int64_t outer) {
  if (algorithm != ConvAlgorithm::Grouped || outer % width == 0) return algorithm;
  // A group's outputs may start anywhere in a block, unless blocks hold whole groups.
  const int64_t groups = outer == 0 ? 0 : width % outer == 0 ? width / outer : divideUp(width - 1, outer) + 1;
  return groups * inner <= width ? algorithm : ConvAlgorithm::ImplicitGemm;
}

int64_t packedGroupedFloats(int64_t taps, int64_t groups, int64_t inner, int64_t outer) {
  return Blocks{groups * outer, inner, outer}.count() * blockFloats(taps, inner);
}

void packGrouped(float* target, const float* weight, int64_t taps, int64_t groups, int64_t inner, int64_t outer,
                 int64_t groupStride, int64_t innerStride, int64_t outerStride) {
  const Blocks blocks{groups * outer, inner, outer};
  for (int64_t block = 0; block < blocks.count(); ++block) {
    for (int64_t t = 0; t < taps; ++t) {
      for (int64_t i = 0; i < inner; ++i) {
        for (int64_t lane = 0; lane < width; ++lane) {
          const int64_t o = block * width + lane;
          const int64_t at = o / outer * groupStride + i * innerStride + o % outer * outerStride + t;
          *target++ = o < blocks.outputs ? weight[at] : 0.0f;
        }
      }
    }
    writePlaces(blocks, block, target);
    target += inner * width;
  }
}

void convolveGrouped(Context& context, const Sampling& s, const Tap* taps, int64_t tapCount, int64_t allTaps,
                     const float* packed, int64_t groups, int64_t outer, float* y, int64_t yStride,
                     const OutputStage& stage) {
  if (s.pixels() == 0) return;
  // With strides too few taps share a pixel.
  if (expands && outer % width != 0 && tapCount > 4 * s.strideY * s.strideX) {
    convolveExpanded(context, s, taps, tapCount, allTaps, packed, {groups * outer, s.channels, outer}, y, yStride, stage);
    return;
  }
  const GroupedKernel kernel{{groups * outer, s.channels, outer}, allTaps, packed, stage.sumDepth};
  const int64_t outputs = groups * outer;
  Array<LaneTap> lanes(tapCount);
  for (int64_t t = 0; t < tapCount; ++t) {
    lanes[t] = {taps[t].dy, taps[t].dx, 0, packed + taps[t].index * s.channels * width};
  }
  const int64_t bytes = laneRowBytes(s, tapCount, outputs, stage);
  laneRows(context, s, s.gridW * outputs * s.channels * tapCount, bytes, [&](int64_t image, int64_t row, void* memory) {
    laneRow(kernel, s, lanes.data(), tapCount, image, row, outputs, y, yStride, stage, memory);
  });
}

void groupedWeightGrad(const Conv2dWeightGrad& i, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t taps = g.kernelH * g.kernelW, inner = i.x.c / g.groups, outer = i.dy.c / g.groups;
  const Blocks blocks{i.dy.c, inner, outer};
  const float* x = context.at<float>(i.x.slot, i.x.offset);
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  float* dw = context.at<float>(i.dw.slot, i.dw.offset);
  const int64_t rows = i.dy.n * i.dy.h, blockSums = taps * inner * width;
  const int64_t tasks = blocks.count();
  // Stretches of rows, so that there is work for all threads: each has its own sums, added in order at the end.
  const int64_t stretches = larger(1, smaller(rows, divideUp(4 * int64_t{context.pool.size()}, tasks)));
  const int64_t placeFloats = blocks.uniform() ? 0 : inner * width;
  float* memory = static_cast<float*>(context.scratch(
      context, context.pool.size(), tasks * (stretches * blockSums + placeFloats) * 4));
  float* allPlaces = memory + tasks * stretches * blockSums;
  if (!blocks.uniform()) {
    for (int64_t block = 0; block < tasks; ++block) writePlaces(blocks, block, allPlaces + block * placeFloats);
  }
  parallelFor(context.pool, tasks * stretches, [&](int64_t task, int) {
    const int64_t block = task / stretches, stretch = task % stretches;
    float* sums = memory + task * blockSums;
    zeroFloats(sums, blockSums);
    const float* places = blocks.uniform() ? nullptr : allPlaces + block * placeFloats;
    const int64_t first = blocks.firstInput(block), xCount = i.x.c - first, dyCount = i.dy.c - block * width;
    for (int64_t row = rows * stretch / stretches; row < rows * (stretch + 1) / stretches; ++row) {
      const int64_t image = row / i.dy.h, oy = row % i.dy.h;
      for (int64_t t = 0; t < taps; ++t) {
        const TapRow tap = tapRow(g, t, i.x, oy, i.dy.w);
        if (tap.first >= tap.last) continue;
        const float* xRow = x + ((image * i.x.h + tap.y) * i.x.w + tap.x) * i.x.pixelStride + first;
        const float* dyRow = dy + (row * i.dy.w + tap.first) * i.dy.pixelStride + block * width;
        const int64_t xStep = g.strideW * i.x.pixelStride;
        for (int64_t c = 0; c < inner;) {
          const int64_t step = c + 8 <= inner ? 8 : c + 4 <= inner ? 4 : 1;
          (step == 8 ? addRow<8> : step == 4 ? addRow<4> : addRow<1>)(
              places == nullptr ? xRow + c : xRow, xStep, xCount, dyRow, i.dy.pixelStride, dyCount, tap.last - tap.first,
              places == nullptr ? nullptr : places + c * width, sums + (t * inner + c) * width);
          c += step;
        }
      }
    }
  });
  parallelFor(context.pool, i.dy.c, [&](int64_t o, int) {
    const float* from = memory + o / width * stretches * blockSums + o % width;
    for (int64_t c = 0; c < inner; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        float sum = 0.0f;
        for (int64_t stretch = 0; stretch < stretches; ++stretch) sum += from[stretch * blockSums + (t * inner + c) * width];
        dw[(o * inner + c) * taps + t] = sum;
      }
    }
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
