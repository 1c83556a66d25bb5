// Strided operands over one index space, and the tiles the space is cut into.
#pragma once
#include "kernels.h"

namespace ocelli {
namespace OCELLI_ISA {

constexpr int maxRank = 32;

struct View {
  char* base;
  DType dtype;
  int64_t strides[maxRank];
};

static inline int64_t bytesOf(DType dtype) {
  return dtype == DType::UInt8 || dtype == DType::Bool ? 1 : dtype == DType::Float64 ? 8 : 4;
}
static inline MicroType microTypeOf(DType dtype) { return dtype == DType::Float32 ? MicroType::F32 : MicroType::I32; }

// The space, simplified: no dims of size 1, neighbours merged where every view allows it, in the best order. A tile
// is `rows` of dim `row` by `columns` of dim `column`, the innermost.
struct Tiling {
  int rank;
  int64_t dims[maxRank];
  bool reduced[maxRank];
  View* views;  // inputs, then outputs
  int inputs, outputs;
  int row, column;  // row is -1 where there is only one dim
  int64_t rows, columns;
  int64_t total;

  // Allocates room for the views; false when the space is empty.
  Tiling(int inputs, int outputs);
  ~Tiling();
  Tiling(const Tiling&) = delete;
  Tiling& operator=(const Tiling&) = delete;

  void setView(int view, const Operand& operand, const Context& context, int rank);
  // `byInputs`: order the dims by the inputs' strides, not the output's.
  void simplify(const int64_t* dims, const int32_t* reduced, int rank, bool byInputs);
  // At most `most` elements a tile; `transposes` allows tiles that are narrower than the dim `column`.
  void chooseTile(int64_t most, bool transposes);

  int64_t rowStride(int view) const { return row < 0 ? 0 : views[view].strides[row]; }
  int64_t columnStride(int view) const { return views[view].strides[column]; }
  int64_t tileOf(int dim) const { return dim == column ? columns : dim == row ? rows : 1; }
  // Whether a full tile of the view is one stretch of memory.
  bool contiguous(int view) const {
    if (columns == 1) return rows == 1 || rowStride(view) == 1;
    return columnStride(view) == 1 && (rows == 1 || (columns == dims[column] && rowStride(view) == columns));
  }
  bool uniform(int view) const { return (columns == 1 || columnStride(view) == 0) && (rows == 1 || rowStride(view) == 0); }
};

// Walks the tiles of some dims of a tiling, keeping the views' offsets.
struct Walk {
  int rank = 0;
  int dims[maxRank];
  int64_t counts[maxRank], at[maxRank];

  void add(const Tiling& tiling, int dim) {
    dims[rank] = dim;
    counts[rank] = (tiling.dims[dim] + tiling.tileOf(dim) - 1) / tiling.tileOf(dim);
    at[rank++] = 0;
  }
  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= counts[i];
    return n;
  }
  // To a tile by number, the last dim fastest, moving offsets from wherever they are.
  void seek(const Tiling& tiling, int64_t tile, int64_t* offsets) {
    for (int i = rank - 1; i >= 0; i--) {
      const int64_t to = tile % counts[i];
      tile /= counts[i];
      move(tiling, i, to - at[i], offsets);
      at[i] = to;
    }
  }
  void next(const Tiling& tiling, int64_t* offsets) {
    for (int i = rank - 1; i >= 0; i--) {
      if (++at[i] < counts[i]) {
        move(tiling, i, 1, offsets);
        return;
      }
      at[i] = 0;
      move(tiling, i, 1 - counts[i], offsets);
    }
  }
  // Elements of the current tile along a dim of the tiling, or `otherwise` if the walk lacks it.
  int64_t extent(const Tiling& tiling, int dim, int64_t otherwise) const {
    for (int i = 0; i < rank; i++) {
      if (dims[i] == dim) {
        const int64_t tile = tiling.tileOf(dim), left = tiling.dims[dim] - at[i] * tile;
        return left < tile ? left : tile;
      }
    }
    return otherwise;
  }

 private:
  void move(const Tiling& tiling, int i, int64_t by, int64_t* offsets) const {
    const int64_t elements = by * tiling.tileOf(dims[i]);
    for (int v = 0; v < tiling.inputs + tiling.outputs; v++) offsets[v] += elements * tiling.views[v].strides[dims[i]];
  }
};

// A tile of a view into a block of 32-bit words, widened; row-major.
void loadTile(void* block, const View& view, int64_t offset, int64_t rows, int64_t columns, int64_t rowStride,
              int64_t columnStride);
void storeTile(const View& view, const void* block, int64_t offset, int64_t rows, int64_t columns, int64_t rowStride,
               int64_t columnStride);

// A tile from one view to another of the same dtype.
void copyTile(DType dtype, char* to, int64_t toRow, int64_t toColumn, const char* from, int64_t fromRow,
              int64_t fromColumn, int64_t rows, int64_t columns);

}  // namespace OCELLI_ISA
}  // namespace ocelli
