// A blocked matrix product over sources of its operands: plain matrices, prepacked weights, patches of images.
// A task computes one block of the result; which blocks there are depends on the sizes and the thread count alone.
#pragma once
#include "epilogue.h"
#include "tile.h"

namespace ocelli {
namespace OCELLI_ISA {

// Where a product goes.
struct Output {
  float* c;
  int64_t cStride;
  OutputStage stage;
};

// The blocks of an m x n result.
struct Partition {
  int64_t m, n;
  int64_t rows, columns;  // of a block; columns is a multiple of tileColumns
  int64_t rowBlocks, columnBlocks;
  // Neighbouring blocks share rows, not columns: threads, which take neighbouring blocks, then read and write rows of
  // their own.
  bool byRows;
  int64_t blocks() const { return rowBlocks * columnBlocks; }
  int64_t rowBlock(int64_t block) const { return byRows ? block / columnBlocks : block % rowBlocks; }
  int64_t columnBlock(int64_t block) const { return byRows ? block % columnBlocks : block / rowBlocks; }
};

// `copies` such products are computed side by side (batches, groups).
Partition partition(int64_t m, int64_t n, int64_t k, int64_t copies, int threads);

struct DepthSteps {
  int64_t steps, depth;
};
// k in stretches of at most tileDepth.
DepthSteps depthSteps(int64_t k);

// Writes the k x n matrix with element (p, j) at source[p * rowStride + j * columnStride] as panels of tileColumns
// columns: target[panel][p][column], zero beyond n. Packs panels panel0 .. panel1 - 1 of rows p0 .. p1 - 1, one panel
// `panelStride` floats after the other, target pointing at the first of them.
void packPanels(float* target, int64_t panelStride, const float* source, int64_t rowStride, int64_t columnStride,
                int64_t n, int64_t panel0, int64_t panel1, int64_t p0, int64_t p1);

namespace {

constexpr int64_t maxBlockColumns = 256 / tileColumns * tileColumns;
constexpr int64_t maxBlockRows = (Vector::width == 16 ? 112 : 96) / tileRows * tileRows;
// Floats from one row of a packed block to the next: not a power of two, and room to overrun by a vector.
constexpr int64_t packedRowStride = tileDepth + 16;

struct BlockScratch {
  float* left;
  float* right;
  float* partial;
  int64_t* rowIndex;
  float* registers;
};

// Bytes of scratch a task needs; packsRight when the right operand is packed block by block.
OCELLI_INLINE int64_t blockScratchBytes(const Partition& p, bool packsRight, const OutputStage& stage) {
  const int64_t rows = roundUp(p.rows, tileRows);
  int64_t bytes = roundUp(rows * packedRowStride * 4 + 64, 64);
  if (packsRight) bytes += p.columns * tileDepth * 4;
  bytes += rows * p.columns * 4 + roundUp(rows * 8, 64) + stage.registerBytes();
  return bytes;
}

OCELLI_INLINE BlockScratch blockScratch(void* memory, const Partition& p, bool packsRight) {
  const int64_t rows = roundUp(p.rows, tileRows);
  BlockScratch s;
  char* at = static_cast<char*>(memory);
  s.left = reinterpret_cast<float*>(at);
  at += roundUp(rows * packedRowStride * 4 + 64, 64);
  s.right = reinterpret_cast<float*>(at);
  if (packsRight) at += p.columns * tileDepth * 4;
  s.partial = reinterpret_cast<float*>(at);
  at += rows * p.columns * 4;
  s.rowIndex = reinterpret_cast<int64_t*>(at);
  at += roundUp(rows * 8, 64);
  s.registers = reinterpret_cast<float*>(at);
  return s;
}

// A left operand: rows row0 .. row1 - 1 and k from p0 to p1 - 1, ready for the tile kernel.
struct LeftBlock {
  const float* data;
  int64_t stride;    // of rows; unused when k-major
  int64_t tileStep;  // floats from one tile of rows to the next
};

struct MatrixLeft {
  static constexpr bool kMajor = false;
  const float* a;
  int64_t stride;
  int64_t rowIndex(int64_t row) const { return row; }
  LeftBlock block(int64_t row0, int64_t row1, int64_t p0, int64_t p1, int64_t panels, float* buffer) const {
    const float* from = a + row0 * stride + p0;
    // Packing spares cache conflicts between rows, worth it when the block is used often enough.
    if (panels <= 4 || row1 - row0 <= tileRows) return {from, stride, tileRows * stride};
    for (int64_t i = row0; i < row1; ++i) {
      copyFloats(buffer + (i - row0) * packedRowStride, from, p1 - p0);
      from += stride;
    }
    return {buffer, packedRowStride, tileRows * packedRowStride};
  }
};

// The left operand given as its transpose: k rows of m values.
struct TransposedLeft {
  static constexpr bool kMajor = true;
  const float* a;
  int64_t stride;
  int64_t rowIndex(int64_t row) const { return row; }
  LeftBlock block(int64_t row0, int64_t row1, int64_t p0, int64_t p1, int64_t, float* buffer) const {
    const int64_t depth = p1 - p0, rows = row1 - row0;
    // Along the rows of the source, which are long and follow one another in memory.
    for (int64_t p = 0; p < depth; ++p) {
      const float* from = a + (p0 + p) * stride + row0;
      float* to = buffer + p * tileRows;
      int64_t row = 0;
      if (p < depth - 1) {
        for (; row + roundUp(tileRows, Vector::width) <= rows; row += tileRows) {
          copyTileRow(to, from + row);
          to += tileRows * depth;
        }
      }
      for (; row < rows; row += tileRows) {
        copyFloats(to, from + row, smaller(tileRows, rows - row));
        to += tileRows * depth;
      }
    }
    return {buffer, 0, tileRows * depth};
  }

 private:
  // tileRows floats by whole vectors: what is written beyond them is written again for the next p.
  static OCELLI_INLINE void copyTileRow(float* to, const float* from) {
#pragma GCC unroll 4
    for (int64_t i = 0; i < tileRows; i += Vector::width) Vector::load(from + i).store(to + i);
  }
};

// A right operand: panels of tileColumns columns.
struct RightBlock {
  const float* data;  // of the block's first panel, from p0 on
  int64_t panelStep;
  int64_t stride;     // of rows
  const float* edge;  // the last panel if it lies elsewhere, rows tileColumns apart
};

struct PackedRight {
  static constexpr bool packs = false;
  const float* data;
  int64_t k;
  RightBlock block(int64_t column0, int64_t, int64_t p0, int64_t, float*) const {
    return {data + (column0 / tileColumns * k + p0) * tileColumns, k * tileColumns, tileColumns, nullptr};
  }
};

// Packed by each task that uses it.
struct MatrixRight {
  static constexpr bool packs = true;
  const float* b;
  int64_t rowStride, columnStride, n;
  RightBlock block(int64_t column0, int64_t column1, int64_t p0, int64_t p1, float* buffer) const {
    const int64_t step = (p1 - p0) * tileColumns;
    packPanels(buffer, step, b, rowStride, columnStride, n, column0 / tileColumns, divideUp(column1, tileColumns), p0, p1);
    return {buffer, step, tileColumns, nullptr};
  }
};

// Rows of a plain matrix as they are: for few rows on the left, where packing would cost more than the product.
struct DirectRight {
  static constexpr bool packs = true;
  const float* b;
  int64_t stride, n;
  RightBlock block(int64_t column0, int64_t column1, int64_t p0, int64_t p1, float* buffer) const {
    RightBlock result = {b + p0 * stride + column0, tileColumns, stride, nullptr};
    if (column1 % tileColumns != 0) {
      packPanels(buffer, 0, b, stride, 1, n, column1 / tileColumns, column1 / tileColumns + 1, p0, p1);
      result.edge = buffer;
    }
    return result;
  }
};

template <typename Left, typename Right>
void computeBlock(const Left& left, const Right& right, int64_t k, const Partition& partition, int64_t block,
                  const Output& output, const BlockScratch& scratch) {
  const int64_t row0 = partition.rowBlock(block) * partition.rows;
  const int64_t row1 = smaller(row0 + partition.rows, partition.m);
  const int64_t column0 = partition.columnBlock(block) * partition.columns;
  const int64_t column1 = smaller(column0 + partition.columns, partition.n);
  const int64_t rows = row1 - row0, panels = divideUp(column1 - column0, tileColumns);
  const int64_t paddedRows = roundUp(rows, tileRows);
  for (int64_t i = 0; i < rows; ++i) scratch.rowIndex[i] = left.rowIndex(row0 + i);

  const OutputStage& stage = output.stage;
  const DepthSteps depth = depthSteps(k);
  TileArguments t;
  t.cStride = output.cStride;
  t.sumDepth = stage.sumDepth;
  for (int64_t s = 0; s < depth.steps; ++s) {
    const int64_t p0 = s * depth.depth, p1 = smaller(p0 + depth.depth, k);
    const bool first = s == 0, last = s == depth.steps - 1;
    const bool toPartial = !last || stage.code != nullptr;
    const LeftBlock a = left.block(row0, row1, p0, p1, panels, scratch.left);
    const RightBlock b = right.block(column0, column1, p0, p1, scratch.right);
    t.k = p1 - p0;
    t.aStride = a.stride;
    auto enterPanel = [&](int64_t panel) {
      const int64_t column = column0 + panel * tileColumns;
      t.columns = smaller(tileColumns, column1 - column);
      t.b = b.data + panel * b.panelStep;
      t.bStride = b.stride;
      if (b.edge != nullptr && t.columns < tileColumns) {
        t.b = b.edge;
        t.bStride = tileColumns;
      }
      t.c = output.c + column;
      t.finish = stage.finish.from(0, column);
    };
    auto runTile = [&](int64_t panel, int64_t row) {
      float* partial = scratch.partial + (panel * paddedRows + row) * tileColumns;
      t.a = a.data + row / tileRows * a.tileStep;
      t.partialIn = first ? nullptr : partial;
      t.partialOut = toPartial ? partial : nullptr;
      t.rowIndex = scratch.rowIndex + row;
      tileKernel(Left::kMajor, smaller(tileRows, rows - row), divideUp(t.columns, Vector::width))(t);
    };
    // Row by row, so that memory is written (and a residual read) in order, once a tile takes longer than its panel takes
    // to come from the second-level cache.
    if (first && !toPartial && k >= 64) {
      for (int64_t row = 0; row < rows; row += tileRows) {
        for (int64_t panel = 0; panel < panels; ++panel) {
          enterPanel(panel);
          runTile(panel, row);
        }
      }
      continue;
    }
    for (int64_t panel = 0; panel < panels; ++panel) {
      enterPanel(panel);
      for (int64_t row = 0; row < rows; row += tileRows) runTile(panel, row);
      if (last && toPartial) {
        runEpilogueCode(stage, scratch.partial + panel * paddedRows * tileColumns, tileColumns, rows, t.columns,
                        scratch.rowIndex, column0 + panel * tileColumns, output.c, output.cStride, scratch.registers);
      }
    }
  }
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
