#include "winograd.h"

#include "product.h"
#include "winograd-transforms.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

constexpr int64_t width = Vector::width;

// Rows whose length is a multiple of a page would all fall into one set of the cache.
int64_t unaligned(int64_t floats) { return roundUp(floats, width) + (roundUp(floats, width) % 256 == 0 ? width : 0); }

// The tiles of all images, and the pixels of each.
struct TileGrid {
  int64_t tile, rows, columns;  // rows and columns of tiles in an image
  int64_t images;
  int64_t count() const { return images * rows * columns; }
  Position at(int64_t index) const {
    const int64_t plane = rows * columns, rest = index % plane;
    return {index / plane, rest / columns, rest % columns};
  }
};

TileGrid gridOf(int64_t tile, int64_t images, int64_t h, int64_t w) {
  return {tile, divideUp(h, tile), divideUp(w, tile), images};
}

// Where the transformed values of a stretch of tiles are: element (p, tile, channel) at p * point + tile * step +
// channel, or, in panels, at p * point + channel / tileColumns * panel + tile * tileColumns + channel % tileColumns.
struct Transformed {
  float* data;
  int64_t point, step, panel;
  OCELLI_INLINE float* at(int64_t tile, int64_t channel) const {
    return panel == 0 ? data + tile * step + channel
                      : data + channel / tileColumns * panel + tile * tileColumns + channel % tileColumns;
  }
};

// An image of which squares are read, zero around it.
struct Squares {
  const float* x;
  int64_t h, w, pixelStride, channels;
};

// One square with its first pixel at (y, x), through `transform`, channels c0 .. c1 - 1.
template <int N, int R, typename Transform>
void transformSquare(const Squares& s, int64_t image, int64_t y, int64_t x, int64_t tile, int64_t c0, int64_t c1,
                     const Transformed& to, Transform transform) {
  const float* corner = s.x + ((image * s.h + y) * s.w + x) * s.pixelStride;
  const int64_t rowStride = s.w * s.pixelStride;
  const bool inside = y >= 0 && x >= 0 && y + N <= s.h && x + N <= s.w;
  for (int64_t c = c0; c < c1; c += width) {
    float* target = to.at(tile, c);
    const int64_t n = c1 - c;
    if (inside && n >= width) {
      transformTile<N, R>(
          transform, [&](int i, int j) { return Vector::load(corner + i * rowStride + j * s.pixelStride + c); },
          [&](int i, int j, Vector value) { value.store(target + (i * R + j) * to.point); });
    } else {
      transformTile<N, R>(
          transform,
          [&](int i, int j) {
            const bool in = y + i >= 0 && y + i < s.h && x + j >= 0 && x + j < s.w;
            return in ? loadLanes(corner + i * rowStride + j * s.pixelStride + c, n) : Vector::zero();
          },
          [&](int i, int j, Vector value) { value.store(target + (i * R + j) * to.point); });
    }
  }
}

// The squares of tiles first .. last - 1 of the grid; a square starts `dy`, `dx` from its tile.
template <int N, int R, typename Transform>
void transformSquares(Context& context, const Squares& s, const TileGrid& grid, int64_t dy, int64_t dx, int64_t first,
                      int64_t last, const Transformed& to, Transform transform) {
  constexpr int64_t chunk = 64;
  const int64_t chunks = divideUp(s.channels, chunk), pieces = (last - first) * chunks;
  const int64_t atOnce = larger(1, smaller(16, divideUp(pieces, 4 * int64_t{context.pool.size()})));
  parallelFor(context.pool, divideUp(pieces, atOnce), [&](int64_t task, int) {
    for (int64_t piece = task * atOnce; piece < smaller(pieces, (task + 1) * atOnce); ++piece) {
      const int64_t tile = piece / chunks, c0 = piece % chunks * chunk;
      const Position at = grid.at(first + tile);
      transformSquare<N, R>(s, at.image, at.i * grid.tile + dy, at.j * grid.tile + dx, tile, c0,
                            smaller(c0 + chunk, s.channels), to, transform);
    }
  });
}

template <int M>
void packWeights(Context& context, float* target, const float* weight, const Tap* taps, int64_t inner, int64_t outer,
                 int64_t innerStride, int64_t outerStride) {
  constexpr int N = M + 2, points = N * N;
  const int64_t panels = divideUp(outer, tileColumns);
  constexpr int64_t rowsAtOnce = 16;
  const int64_t rowGroups = divideUp(inner, rowsAtOnce);
  parallelFor(context.pool, panels * rowGroups, [&](int64_t task, int) {
    const int64_t panel = task / rowGroups, first = task % rowGroups * rowsAtOnce;
    alignas(64) float taken[9][width];
    for (int64_t row = first; row < smaller(inner, first + rowsAtOnce); ++row) {
      for (int v = 0; v < tileVectors; ++v) {
        const int64_t column = panel * tileColumns + v * width;
        float* to = target + (panel * points * inner + row) * tileColumns + v * width;
        for (int64_t j = 0; j < width; ++j) {
          const bool in = column + j < outer;
          const float* from = weight + row * innerStride + (column + j) * outerStride;
          for (int t = 0; t < 9; ++t) taken[t][j] = in ? from[taps[t].index] : 0.0f;
        }
        transformTile<3, N>([](auto& g, auto& u) { Winograd<M>::weight(g, u); },
                            [&](int i, int j) { return Vector::load(taken[i * 3 + j]); },
                            [&](int i, int j, Vector value) { value.store(to + (i * N + j) * inner * tileColumns); });
      }
    }
  });
}

// Tiles whose transformed input is held at one time: enough for the weights to be worth streaming past them, few enough
// for the third-level cache.
int64_t tilesAtOnce(int64_t points, int64_t channels, int64_t tiles) {
  constexpr int64_t floats = int64_t{3} << 19;
  const int64_t fits = floats / (points * channels);
  const int64_t least = 4 * tileRows;
  const int64_t most = fits < least ? least : fits / tileRows * tileRows;
  if (tiles <= most) return tiles;
  // Equal shares.
  const int64_t shares = divideUp(tiles, most);
  return roundUp(divideUp(tiles, shares), tileRows);
}

Transformed rowsOfTiles(float* data, int64_t tiles, int64_t channels) {
  const int64_t step = unaligned(channels);
  return {data, unaligned(tiles * step), step, 0};
}

// The results of a tile for up to tileColumns channels, from their products with the weights.
template <int M>
void finishTile(const float* products, int64_t point, const Position& at, const Sampling& s, int64_t column,
                int64_t columns, float* y, int64_t yStride, const OutputStage& stage, float* values, float* registers) {
  const int64_t rows = smaller(M, s.gridH - at.i * M), across = smaller(M, s.gridW - at.j * M);
  const int64_t first = (at.image * s.gridH + at.i * M) * s.gridW + at.j * M;
  for (int64_t c = 0; c < columns; c += width) {
    const int64_t n = columns - c;
    Vector result[M][M];
    transformTile<M + 2, M>([](auto& m, auto& r) { Winograd<M>::output(m, r); },
                            [&](int i, int j) { return Vector::load(products + (i * (M + 2) + j) * point + c); },
                            [&](int i, int j, Vector value) { result[i][j] = value; });
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < across; ++j) {
        const int64_t pixel = first + i * s.gridW + j;
        if (stage.code != nullptr) {
          result[i][j].store(values + (i * across + j) * tileColumns + c);
        } else {
          storeLanes(stage.finish(result[i][j], pixel, column + c, n), y + pixel * yStride + column + c, n);
        }
      }
    }
  }
  if (stage.code == nullptr) {
    for (int64_t i = 0; i < rows; ++i) {
      stage.finish.activateRows(y + (first + i * s.gridW) * yStride + column, yStride, across, columns);
    }
    return;
  }
  int64_t pixels[M * M];
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < across; ++j) pixels[i * across + j] = first + i * s.gridW + j;
  }
  runEpilogueCode(stage, values, tileColumns, rows * across, columns, pixels, column, y, yStride, registers);
}

template <int M>
void convolve(Context& context, const Sampling& s, const Tap* taps, const float* packed, int64_t outer, float* y,
              int64_t yStride, const OutputStage& stage, float* transformed) {
  constexpr int64_t points = (M + 2) * (M + 2);
  const TileGrid grid = gridOf(M, s.images, s.gridH, s.gridW);
  const int64_t inner = s.channels, tiles = grid.count();
  if (tiles == 0 || outer == 0) return;
  const int64_t stretch = tilesAtOnce(points, inner, tiles);
  const Transformed input = rowsOfTiles(transformed, stretch, inner);
  const Squares squares{s.x, s.h, s.w, s.pixelStride, inner};
  const int64_t panels = divideUp(outer, tileColumns);
  const DepthSteps depth = depthSteps(inner);
  // Rows of products that stay in the second-level cache with a panel of weights.
  constexpr int64_t mostRows = 4 * tileRows;
  const int64_t point = mostRows * tileColumns + width;
  const int64_t valueFloats = M * M * tileColumns;
  const int64_t bytes = (points * point + valueFloats) * 4 + stage.registerBytes();
  for (int64_t first = 0; first < tiles; first += stretch) {
    const int64_t count = smaller(stretch, tiles - first);
    transformSquares<M + 2, M + 2>(context, squares, grid, taps[0].dy, taps[0].dx, first, first + count, input,
                                   [](auto& d, auto& t) { Winograd<M>::input(d, t); });
    // With tiles enough a thread keeps to those that it transformed itself, else to its part of the weights.
    const int64_t threads = context.pool.size();
    const bool byBlocks = count >= threads * tileRows;
    int64_t blocks = byBlocks ? roundUp(divideUp(count, mostRows), threads) : 1;
    while (panels * blocks < threads && divideUp(count, blocks) > 1) ++blocks;
    const int64_t blockRows = divideUp(count, blocks);
    blocks = divideUp(count, blockRows);
    parallelFor(context.pool, panels * blocks, [&](int64_t task, int thread) {
      const int64_t panel = byBlocks ? task % panels : task / blocks;
      const int64_t row0 = (byBlocks ? task / panels : task % blocks) * blockRows;
      const int64_t rows = smaller(blockRows, count - row0);
      const int64_t atOnce = divideUp(rows, divideUp(rows, tileRows));
      const int64_t column = panel * tileColumns, columns = smaller(tileColumns, outer - column);
      float* products = static_cast<float*>(context.scratch(context, thread, bytes));
      TileArguments t{};
      t.aStride = input.step;
      t.bStride = tileColumns;
      t.sumDepth = stage.sumDepth;
      t.columns = tileColumns;
      for (int64_t p = 0; p < points; ++p) {
        for (int64_t d = 0; d < depth.steps; ++d) {
          const int64_t k0 = d * depth.depth;
          t.k = smaller(depth.depth, inner - k0);
          t.b = packed + ((panel * points + p) * inner + k0) * tileColumns;
          for (int64_t row = 0; row < rows; row += atOnce) {
            float* sums = products + p * point + row * tileColumns;
            t.a = input.data + p * input.point + (row0 + row) * input.step + k0;
            t.partialIn = d == 0 ? nullptr : sums;
            t.partialOut = sums;
            tileKernel(false, smaller(atOnce, rows - row), divideUp(columns, width))(t);
          }
        }
      }
      float* values = products + points * point;
      for (int64_t row = 0; row < rows; ++row) {
        finishTile<M>(products + row * tileColumns, point, grid.at(first + row0 + row), s, column, columns, y, yStride,
                      stage, values, values + valueFloats);
      }
    });
  }
}

template <int M>
void weightGrad(const Conv2dWeightGrad& i, Context& context) {
  constexpr int N = M + 2;
  constexpr int64_t points = N * N;
  const int64_t inner = i.x.c, outer = i.dy.c;
  const float* x = context.at<float>(i.x.slot, i.x.offset);
  const float* dy = context.at<float>(i.dy.slot, i.dy.offset);
  float* dw = context.at<float>(i.dw.slot, i.dw.offset);
  if (outer == 0 || inner == 0) return;
  const TileGrid grid = gridOf(M, i.dy.n, i.dy.h, i.dy.w);
  const int64_t tiles = grid.count();
  // Sums over stretches of tiles: the more channels, the longer a stretch must be for its sums to be worth a pass.
  const int64_t stretch = smaller(tiles, larger(tilesAtOnce(points, inner + outer, tiles), 192));
  const int64_t innerPanels = divideUp(inner, tileColumns), innerStride = innerPanels * tileColumns;
  const int64_t leftStep = roundUp(outer, width);
  const int64_t leftFloats = points * unaligned(stretch * leftStep);
  const int64_t rightFloats = points * unaligned(innerPanels * stretch * tileColumns);
  const int64_t sumFloats = points * outer * innerStride;
  float* memory =
      static_cast<float*>(context.scratch(context, context.pool.size(), (leftFloats + rightFloats + sumFloats) * 4));
  float* sums = memory + leftFloats + rightFloats;
  const Squares images{x, i.x.h, i.x.w, i.x.pixelStride, inner};
  const Squares grads{dy, i.dy.h, i.dy.w, i.dy.pixelStride, outer};
  for (int64_t first = 0; first < tiles; first += stretch) {
    const int64_t count = smaller(stretch, tiles - first);
    const Transformed left{memory, unaligned(stretch * leftStep), leftStep, 0};
    const Transformed right{memory + leftFloats, unaligned(innerPanels * stretch * tileColumns), 0,
                            count * tileColumns};
    transformSquares<M, N>(context, grads, grid, 0, 0, first, first + count, left,
                           [](auto& d, auto& t) { Winograd<M>::outputGrad(d, t); });
    transformSquares<N, N>(context, images, grid, -i.geometry.padTop, -i.geometry.padLeft, first, first + count, right,
                           [](auto& d, auto& t) { Winograd<M>::input(d, t); });
    const Partition p = partition(outer, inner, count, points, context.pool.size());
    const int64_t bytes = blockScratchBytes(p, false, OutputStage{});
    parallelFor(context.pool, points * p.blocks(), [&](int64_t task, int thread) {
      const int64_t point = task / p.blocks(), block = task % p.blocks();
      const BlockScratch scratch = blockScratch(context.scratch(context, thread, bytes), p, false);
      Output output{sums + point * outer * innerStride, innerStride, OutputStage{}};
      if (first > 0) {
        output.stage.finish.residual = output.c;
        output.stage.finish.residualStride = innerStride;
      }
      computeBlock(TransposedLeft{left.data + point * left.point, leftStep},
                   PackedRight{right.data + point * right.point, count}, count, p, block, output, scratch);
    });
  }
  parallelFor(context.pool, outer, [&](int64_t o, int) {
    alignas(64) float taps[9][width];
    for (int64_t c = 0; c < inner; c += width) {
      const float* from = sums + o * innerStride + c;
      transformTile<N, 3>([](auto& u, auto& g) { Winograd<M>::weightGrad(u, g); },
                          [&](int a, int b) { return Vector::load(from + (a * N + b) * outer * innerStride); },
                          [&](int a, int b, Vector value) { value.store(taps[a * 3 + b]); });
      float* to = dw + (o * inner + c) * 9;
      for (int64_t lane = 0; lane < smaller(width, inner - c); ++lane) {
        for (int t = 0; t < 9; ++t) to[lane * 9 + t] = taps[t][lane];
      }
    }
  });
}

}  // namespace

int64_t winogradWeightFloats(int64_t tile, int64_t inner, int64_t outer) {
  return (tile + 2) * (tile + 2) * inner * roundUp(outer, tileColumns);
}

int64_t winogradInputFloats(int64_t tile, const Sampling& s) {
  const int64_t points = (tile + 2) * (tile + 2), tiles = gridOf(tile, s.images, s.gridH, s.gridW).count();
  return points * rowsOfTiles(nullptr, tilesAtOnce(points, s.channels, tiles), s.channels).point;
}

void packWinograd(Context& context, int64_t tile, float* target, const float* weight, const Tap* taps, int64_t inner,
                  int64_t outer, int64_t innerStride, int64_t outerStride) {
  (tile == 2 ? packWeights<2> : packWeights<4>)(context, target, weight, taps, inner, outer, innerStride, outerStride);
}

void convolveWinograd(Context& context, int64_t tile, const Sampling& s, const Tap* taps, const float* packed,
                      int64_t outer, float* y, int64_t yStride, const OutputStage& stage, float* transformed) {
  (tile == 2 ? convolve<2> : convolve<4>)(context, s, taps, packed, outer, y, yStride, stage, transformed);
}

void winogradWeightGrad(const Conv2dWeightGrad& i, Context& context) {
  (winogradTile(i.algorithm) == 2 ? weightGrad<2> : weightGrad<4>)(i, context);
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
