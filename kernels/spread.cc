#include "spread.h"

#include "product.h"
#include "sampling.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

// Pixels of dy whose products are made at one time: they stay in the cache until they are spread.
constexpr int64_t pixelsAtOnce = 128 / tileRows * tileRows;

// A panel's columns are those of the products: tap * channels + channel.
void packKernel(float* target, const float* weight, int64_t taps, int64_t inner, int64_t channels) {
  const int64_t columns = taps * channels;
  for (int64_t panel = 0; panel < columns; panel += tileColumns) {
    for (int64_t o = 0; o < inner; ++o) {
      for (int64_t column = panel; column < panel + tileColumns; ++column) {
        *target++ = column < columns ? weight[(o * channels + column % channels) * taps + column / channels] : 0.0f;
      }
    }
  }
}

OCELLI_INLINE void addFloats(float* to, const float* from, int64_t n) {
  for (int64_t i = 0; i < n; i += Vector::width) {
    storeLanes(loadLanes(to + i, n - i) + loadLanes(from + i, n - i), to + i, n - i);
  }
}

// Adds the products of pixel (row, column) of dy to an image of dx.
void spreadPixel(const ConvGeometry& g, const Image& dx, float* image, int64_t row, int64_t column, const float* products) {
  const int64_t left = column * g.strideW - g.padLeft;
  const int64_t first = left < 0 ? divideUp(-left, g.dilationW) : 0;
  const int64_t last = left >= dx.w ? first : larger(first, smaller(g.kernelW, (dx.w - 1 - left) / g.dilationW + 1));
  // Taps that lie side by side are one stretch of both.
  const bool joined = g.dilationW == 1 && dx.pixelStride == dx.c;
  for (int64_t ky = 0; ky < g.kernelH; ++ky) {
    const int64_t y = row * g.strideH + ky * g.dilationH - g.padTop;
    if (y < 0 || y >= dx.h) continue;
    float* to = image + (y * dx.w + left) * dx.pixelStride;
    const float* from = products + ky * g.kernelW * dx.c;
    if (joined) {
      addFloats(to + first * dx.c, from + first * dx.c, (last - first) * dx.c);
      continue;
    }
    for (int64_t kx = first; kx < last; ++kx) addFloats(to + kx * g.dilationW * dx.pixelStride, from + kx * dx.c, dx.c);
  }
}

// Puts the sums of an image, the picture-th, through the stage.
void finishImage(const Image& dx, int64_t picture, float* image, float* all, const OutputStage& stage, int64_t* rowIndex,
                 float* registers) {
  const int64_t pixels = dx.h * dx.w;
  for (int64_t from = 0; from < pixels; from += pixelsAtOnce) {
    const int64_t count = smaller(pixelsAtOnce, pixels - from), row0 = picture * pixels + from;
    float* values = image + from * dx.pixelStride;
    if (stage.code != nullptr) {
      for (int64_t p = 0; p < count; ++p) rowIndex[p] = row0 + p;
      runEpilogueCode(stage, values, dx.pixelStride, count, dx.c, rowIndex, 0, all, dx.pixelStride, registers);
      continue;
    }
    for (int64_t p = 0; p < count; ++p) {
      float* pixel = values + p * dx.pixelStride;
      for (int64_t c = 0; c < dx.c; c += Vector::width) {
        storeLanes(stage.finish(loadLanes(pixel + c, dx.c - c), row0 + p, c, dx.c - c), pixel + c, dx.c - c);
      }
    }
    stage.finish.activateRows(values, dx.pixelStride, count, dx.c);
  }
}

}  // namespace

bool spreads(const ConvGeometry& g, const Image& dy, const Image& dx, int threads) {
  if (g.groups != 1 || dy.n < threads) return false;
  const int64_t taps = g.kernelH * g.kernelW, gathered = roundUp(dx.c, Vector::width), spread = roundUp(taps * dx.c, tileColumns);
  // Measured with AVX-512 on kernels of 3x3 to 7x7 and 3 to 12 channels: adding a product to dx takes as long as some 25
  // multiply-adds of a lane.
  return dy.h * dy.w * (dy.c * spread + 25 * taps * dx.c) < dx.h * dx.w * taps * dy.c * gathered / (g.strideH * g.strideW);
}

void spreadInputGrad(const Conv2dInputGrad& i, const OutputStage& stage, Context& context) {
  const ConvGeometry& g = i.geometry;
  const int64_t taps = g.kernelH * g.kernelW, inner = i.dy.c, columns = taps * i.dx.c, pixels = i.dy.h * i.dy.w;
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  float* dx = context.at<float>(i.dx.slot, i.dx.offset);
  float* packed = static_cast<float*>(
      context.scratch(context, context.pool.size(), roundUp(columns, tileColumns) * inner * 4));
  packKernel(packed, context.at<float>(i.weight.slot, i.weight.offset), taps, inner, i.dx.c);

  const Partition p = partition(pixelsAtOnce, columns, inner, 1, 1);
  const int64_t productBytes = roundUp(pixelsAtOnce * columns * 4, 64), indexBytes = roundUp(pixelsAtOnce * 8, 64);
  const int64_t blockBytes = roundUp(blockScratchBytes(p, false, OutputStage{}), 64);
  parallelFor(context.pool, i.dy.n, [&](int64_t picture, int thread) {
    char* memory = static_cast<char*>(
        context.scratch(context, thread, productBytes + indexBytes + blockBytes + stage.registerBytes()));
    float* products = reinterpret_cast<float*>(memory);
    int64_t* rowIndex = reinterpret_cast<int64_t*>(memory + productBytes);
    const BlockScratch scratch = blockScratch(memory + productBytes + indexBytes, p, false);
    float* image = dx + picture * i.dx.h * i.dx.w * i.dx.pixelStride;
    for (int64_t pixel = 0; pixel < i.dx.h * i.dx.w; ++pixel) zeroFloats(image + pixel * i.dx.pixelStride, i.dx.c);
    for (int64_t from = 0; from < pixels; from += pixelsAtOnce) {
      Partition part = p;
      part.m = smaller(pixelsAtOnce, pixels - from);
      part.rowBlocks = divideUp(part.m, part.rows);
      const MatrixLeft left{dy + (picture * pixels + from) * i.dy.pixelStride, i.dy.pixelStride};
      for (int64_t block = 0; block < part.blocks(); ++block) {
        computeBlock(left, PackedRight{packed, inner}, inner, part, block, Output{products, columns, OutputStage{}}, scratch);
      }
      for (int64_t pixel = 0; pixel < part.m; ++pixel) {
        spreadPixel(g, i.dx, image, (from + pixel) / i.dy.w, (from + pixel) % i.dy.w, products + pixel * columns);
      }
    }
    finishImage(i.dx, picture, image, dx, stage, rowIndex,
                reinterpret_cast<float*>(memory + productBytes + indexBytes + blockBytes));
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
