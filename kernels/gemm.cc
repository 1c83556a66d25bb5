#include "product.h"

namespace ocelli {
namespace OCELLI_ISA {

DepthSteps depthSteps(int64_t k) {
  if (k <= tileDepth) return {1, k};
  const int64_t steps = divideUp(k, tileDepth);
  return {divideUp(k, roundUp(divideUp(k, steps), 4)), roundUp(divideUp(k, steps), 4)};
}

Partition partition(int64_t m, int64_t n, int64_t k, int64_t copies, int threads) {
  Partition p;
  p.m = m;
  p.n = n;
  const int64_t panels = divideUp(n, tileColumns), tiles = divideUp(m, tileRows);
  int64_t blockPanels = smaller(panels, maxBlockColumns / tileColumns);
  int64_t blockTiles = smaller(tiles, maxBlockRows / tileRows);
  auto settle = [&] {
    // Equal shares, so that no block is left with a remnant.
    p.columnBlocks = divideUp(panels, blockPanels);
    p.columns = divideUp(panels, p.columnBlocks) * tileColumns;
    p.columnBlocks = divideUp(n, p.columns);
    p.rowBlocks = divideUp(tiles, blockTiles);
    p.rows = divideUp(tiles, p.rowBlocks) * tileRows;
    p.rowBlocks = divideUp(m, p.rows);
  };
  settle();
  // Enough blocks for the threads to share evenly, none smaller than is worth handing over.
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k > 0 ? k : 1);
  const double worthwhile = work * static_cast<double>(copies) / 65536.0;
  const int64_t wanted = threads == 1 ? 1 : static_cast<int64_t>(worthwhile < 4.0 * threads ? worthwhile : 4.0 * threads);
  while (p.blocks() * copies < wanted && (blockPanels > 1 || blockTiles > 1)) {
    if (blockTiles * tileRows * 2 > blockPanels * tileColumns || blockPanels == 1) {
      blockTiles = divideUp(p.rows / tileRows, 2);
      if (blockTiles == p.rows / tileRows) break;
    } else {
      blockPanels = divideUp(p.columns / tileColumns, 2);
    }
    settle();
  }
  p.byRows = p.rowBlocks >= threads && m >= n;
  return p;
}

void packPanels(float* target, int64_t panelStride, const float* source, int64_t rowStride, int64_t columnStride,
                int64_t n, int64_t panel0, int64_t panel1, int64_t p0, int64_t p1) {
  for (int64_t panel = panel0; panel < panel1; ++panel) {
    float* to = target + (panel - panel0) * panelStride;
    const int64_t column = panel * tileColumns, columns = smaller(tileColumns, n - column);
    const float* from = source + p0 * rowStride + column * columnStride;
    if (columnStride == 1 && columns == tileColumns) {
      for (int64_t p = p0; p < p1; ++p) {
        for (int v = 0; v < tileVectors; ++v) Vector::load(from + v * Vector::width).store(to + v * Vector::width);
        to += tileColumns;
        from += rowStride;
      }
      continue;
    }
    for (int64_t p = p0; p < p1; ++p) {
      for (int64_t j = 0; j < columns; ++j) to[j] = from[j * columnStride];
      for (int64_t j = columns; j < tileColumns; ++j) to[j] = 0.0f;
      to += tileColumns;
      from += rowStride;
    }
  }
}

int64_t packedMatrixBytes(int64_t k, int64_t n) { return roundUp(n, tileColumns) * k * 4; }

void packMatrix(const PackMatrix& i, Context& context) {
  const float* source = context.at<float>(i.source.slot, i.source.offset);
  float* target = context.at<float>(i.target.slot, i.target.offset);
  const int64_t panels = divideUp(i.n, tileColumns);
  parallelFor(context.pool, panels, [&](int64_t panel, int) {
    packPanels(target + panel * i.k * tileColumns, 0, source, i.transposed ? 1 : i.source.stride,
               i.transposed ? i.source.stride : 1, i.n, panel, panel + 1, 0, i.k);
  });
}

namespace {

struct Operands {
  const float* a;
  const float* b;
  Output output;
};

Operands operandsOf(const Matmul& i, const Context& context, const OutputStage& stage, int64_t batch) {
  const int64_t row = batch * i.m;
  Operands o{context.at<float>(i.a.slot, i.a.offset) + batch * i.batchStrideA,
             context.at<float>(i.b.slot, i.b.offset) + batch * i.batchStrideB,
             {context.at<float>(i.c.slot, i.c.offset) + batch * i.batchStrideC, i.c.stride, stage}};
  // The full inputs of a batch follow one another, as rows do.
  o.output.stage.finish = stage.finish.from(row, 0);
  if (stage.code != nullptr) {
    for (int64_t n = 0; n < stage.code->inputs.size; ++n) {
      if (stage.code->inputs[n].full) o.output.stage.inputs[n] += row * stage.code->inputs[n].rowStride;
    }
  }
  return o;
}

template <typename MakeRight>
void multiply(const Matmul& i, Context& context, MakeRight makeRight) {
  const OutputStage stage = resolveEpilogue(i.hasEpilogue ? &i.epilogue : nullptr, context);
  const Partition p = partition(i.m, i.n, i.k, i.batch, context.pool.size());
  using Right = decltype(makeRight(Operands{}, int64_t{0}));
  const int64_t bytes = blockScratchBytes(p, Right::packs, stage);
  parallelFor(context.pool, i.batch * p.blocks(), [&](int64_t task, int thread) {
    const int64_t batch = task / p.blocks(), block = task % p.blocks();
    const BlockScratch scratch = blockScratch(context.scratch(context, thread, bytes), p, Right::packs);
    const Operands o = operandsOf(i, context, stage, batch);
    const Right right = makeRight(o, batch);
    if (i.transposeA) {
      computeBlock(TransposedLeft{o.a, i.a.stride}, right, i.k, p, block, o.output, scratch);
    } else {
      computeBlock(MatrixLeft{o.a, i.a.stride}, right, i.k, p, block, o.output, scratch);
    }
  });
}

constexpr int64_t fewRows = 4;

// Of one row with several, `stride` apart: more streams at a time bring more from memory.
template <int rows>
OCELLI_INLINE void dots(const float* a, const float* b, int64_t stride, int64_t k, float* to) {
  constexpr int64_t width = Vector::width;
  constexpr int sums = rows == 1 ? 4 : 2;
  Vector sum[rows][sums];
#pragma GCC unroll 8
  for (int n = 0; n < rows * sums; ++n) sum[n / sums][n % sums] = Vector::zero();
  int64_t p = 0;
  for (; p + sums * width <= k; p += sums * width) {
#pragma GCC unroll 4
    for (int u = 0; u < sums; ++u) {
      const Vector left = Vector::load(a + p + u * width);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) sum[r][u] = fma(left, Vector::load(b + r * stride + p + u * width), sum[r][u]);
    }
  }
  for (; p + width <= k; p += width) {
    const Vector left = Vector::load(a + p);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) sum[r][0] = fma(left, Vector::load(b + r * stride + p), sum[r][0]);
  }
  if (p < k) {
    const Vector left = Vector::loadPartial(a + p, k - p);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) sum[r][1] = fma(left, Vector::loadPartial(b + r * stride + p, k - p), sum[r][1]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) {
    Vector total = sum[r][0] + sum[r][1];
    if constexpr (sums == 4) total = total + (sum[r][2] + sum[r][3]);
    to[r] = total.sum();
  }
}

// Few rows against a transposed right operand: each result is a product of two contiguous rows.
void multiplyRows(const Matmul& i, Context& context) {
  const OutputStage stage = resolveEpilogue(i.hasEpilogue ? &i.epilogue : nullptr, context);
  const int64_t columns = larger(1, smaller(tileColumns, i.n));
  const int64_t blocks = divideUp(i.n, columns);
  const int64_t valueBytes = roundUp(fewRows * columns * 4, 64);
  parallelFor(context.pool, i.batch * blocks, [&](int64_t task, int thread) {
    const int64_t batch = task / blocks, column = task % blocks * columns;
    const int64_t count = smaller(columns, i.n - column);
    float* values = static_cast<float*>(context.scratch(context, thread, valueBytes + stage.registerBytes()));
    const Operands o = operandsOf(i, context, stage, batch);
    int64_t rowIndex[fewRows];
    for (int64_t row = 0; row < i.m; ++row) rowIndex[row] = row;
    int64_t j = 0;
    for (const float* b = o.b + column * i.b.stride; j < count; b = o.b + (column + j) * i.b.stride) {
      const bool several = j + 4 <= count;
      for (int64_t row = 0; row < i.m; ++row) {
        const float* a = o.a + row * i.a.stride;
        float* to = values + row * columns + j;
        if (several) dots<4>(a, b, i.b.stride, i.k, to);
        else dots<1>(a, b, i.b.stride, i.k, to);
      }
      j += several ? 4 : 1;
    }
    const OutputStage& s = o.output.stage;
    if (s.code != nullptr) {
      runEpilogueCode(s, values, columns, i.m, count, rowIndex, column, o.output.c, o.output.cStride,
                      values + valueBytes / 4);
      return;
    }
    for (int64_t row = 0; row < i.m; ++row) {
      for (int64_t j = 0; j < count; j += Vector::width) {
        const Vector value = loadLanes(values + row * columns + j, count - j);
        storeLanes(s.finish(value, row, column + j, count - j), o.output.c + row * o.output.cStride + column + j, count - j);
      }
    }
    s.finish.activateRows(o.output.c + column, o.output.cStride, i.m, count);
  });
}

}  // namespace

void matmul(const Matmul& i, Context& context) {
  if (i.batch == 0 || i.m == 0 || i.n == 0) return;
  const int64_t rowStride = i.transposeB ? 1 : i.b.stride, columnStride = i.transposeB ? i.b.stride : 1;
  if (i.packedB) {
    multiply(i, context, [&](const Operands& o, int64_t) { return PackedRight{o.b, i.k}; });
    return;
  }
  if (i.m <= fewRows && i.transposeB && !i.transposeA) {
    multiplyRows(i, context);
    return;
  }
  if (i.m <= fewRows && !i.transposeB) {
    multiply(i, context, [&](const Operands& o, int64_t) { return DirectRight{o.b, i.b.stride, i.n}; });
    return;
  }
  const Partition p = partition(i.m, i.n, i.k, i.batch, context.pool.size());
  const int64_t matrices = i.batchStrideB == 0 ? 1 : i.batch;
  const int64_t packed = packedMatrixBytes(i.k, i.n) / 4;
  constexpr int64_t mostShared = int64_t{1} << 25;
  if ((p.rowBlocks == 1 && matrices == i.batch) || matrices * packed > mostShared) {
    multiply(i, context, [&](const Operands& o, int64_t) { return MatrixRight{o.b, rowStride, columnStride, i.n}; });
    return;
  }
  // Several blocks of rows share each panel: pack it once.
  float* shared = static_cast<float*>(context.scratch(context, context.pool.size(), matrices * packed * 4));
  const int64_t panels = divideUp(i.n, tileColumns);
  const float* b = context.at<float>(i.b.slot, i.b.offset);
  parallelFor(context.pool, matrices * panels, [&](int64_t task, int) {
    const int64_t matrix = task / panels, panel = task % panels;
    packPanels(shared + matrix * packed + panel * i.k * tileColumns, 0, b + matrix * i.batchStrideB, rowStride,
               columnStride, i.n, panel, panel + 1, 0, i.k);
  });
  multiply(i, context, [&](const Operands&, int64_t batch) {
    return PackedRight{shared + (matrices == 1 ? 0 : batch) * packed, i.k};
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
