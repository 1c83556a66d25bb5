#include "views.h"

#include <cstdlib>

#include "simd.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

}  // namespace

Tiling::Tiling(int inputs, int outputs)
    : rank(0),
      views(static_cast<View*>(std::malloc(sizeof(View) * static_cast<size_t>(inputs + outputs + 1)))),
      inputs(inputs),
      outputs(outputs),
      row(-1),
      column(0),
      rows(1),
      columns(1),
      total(1) {}

Tiling::~Tiling() { std::free(views); }

void Tiling::setView(int view, const Operand& operand, const Context& context, int operandRank) {
  if (operandRank > maxRank || operand.dtype == DType::Float64) std::abort();  // the compiler gives neither
  View& v = views[view];
  v.dtype = operand.dtype;
  v.base = context.slots[operand.slot] + operand.offset * bytesOf(operand.dtype);
  for (int d = 0; d < operandRank; d++) v.strides[d] = operand.strides[d];
}

void Tiling::simplify(const int64_t* given, const int32_t* givenReduced, int givenRank, bool byInputs) {
  const int count = inputs + outputs;
  rank = 0;
  total = 1;
  for (int d = 0; d < givenRank; d++) {
    total *= given[d];
    if (given[d] == 1) continue;
    dims[rank] = given[d];
    reduced[rank] = givenReduced && givenReduced[d];
    for (int v = 0; v < count; v++) views[v].strides[rank] = views[v].strides[d];
    rank++;
  }
  if (total == 0) return;
  // Walk each dim so that the leading view's addresses grow.
  const int leader = byInputs || outputs == 0 ? 0 : inputs;
  for (int d = 0; d < rank; d++) {
    if (views[leader].strides[d] >= 0) continue;
    for (int v = 0; v < count; v++) {
      views[v].base += (dims[d] - 1) * views[v].strides[d] * bytesOf(views[v].dtype);
      views[v].strides[d] = -views[v].strides[d];
    }
  }
  // Largest strides outermost, judged by the leader, then the other views.
  const auto outer = [&](int a, int b) {
    for (int i = 0; i < count; i++) {
      const int v = byInputs ? i : (i + inputs) % count;
      const int64_t sa = magnitude(views[v].strides[a]), sb = magnitude(views[v].strides[b]);
      if (sa != sb && sa != 0 && sb != 0) return sa > sb;
    }
    return false;
  };
  for (int i = 1; i < rank; i++) {
    for (int j = i; j > 0 && outer(j, j - 1); j--) {
      const int64_t dim = dims[j];
      dims[j] = dims[j - 1];
      dims[j - 1] = dim;
      const bool isReduced = reduced[j];
      reduced[j] = reduced[j - 1];
      reduced[j - 1] = isReduced;
      for (int v = 0; v < count; v++) {
        const int64_t stride = views[v].strides[j];
        views[v].strides[j] = views[v].strides[j - 1];
        views[v].strides[j - 1] = stride;
      }
    }
  }
  int last = 0;
  for (int d = 1; d < rank; d++) {
    bool merges = reduced[d] == reduced[last];
    for (int v = 0; v < count && merges; v++) merges = views[v].strides[last] == views[v].strides[d] * dims[d];
    if (merges) {
      dims[last] *= dims[d];
    } else {
      last++;
      dims[last] = dims[d];
      reduced[last] = reduced[d];
    }
    for (int v = 0; v < count; v++) views[v].strides[last] = views[v].strides[d];
  }
  if (rank > 0) rank = last + 1;
  if (rank == 0) {
    rank = 1;
    dims[0] = 1;
    reduced[0] = false;
    for (int v = 0; v < count; v++) views[v].strides[0] = 1;
  }
  column = rank - 1;
  row = rank > 1 ? rank - 2 : -1;
  rows = 1;
  columns = dims[column];
}

void Tiling::chooseTile(int64_t most, bool transposes) {
  const int64_t width = dims[column];
  rows = 1;
  columns = width < most ? width : most;
  if (row < 0) return;
  if (transposes) {
    for (int v = 0; v < inputs; v++) {
      if (columnStride(v) == 1 || columnStride(v) == 0) continue;
      for (int d = 0; d < rank - 1; d++) {
        if (magnitude(views[v].strides[d]) != 1 || dims[d] < 3) continue;
        row = d;
        const int64_t side = most / 16 < 16 ? 16 : most / 16;
        if (width > side) columns = dims[d] >= 16 ? side : side * 16 / (dims[d] < 4 ? 4 : dims[d]);
        if (columns > width) columns = width;
        rows = most / columns;
        if (rows > dims[d]) rows = dims[d];
        return;
      }
    }
  }
  if (width * 2 > most) return;
  rows = most / width;
  if (rows > dims[row]) rows = dims[row];
}

namespace {

inline void copyWords(void* to, const void* from, int64_t n) {
  float* t = static_cast<float*>(to);
  const float* f = static_cast<const float*>(from);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(t + i, load<Floats>(f + i));
  for (; i < n; i++) __builtin_memcpy(t + i, f + i, 4);
}

inline void fillWords(void* to, int32_t value, int64_t n) {
  int32_t* t = static_cast<int32_t*>(to);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(t + i, splat(value));
  for (; i < n; i++) t[i] = value;
}

typedef float Row8 __attribute__((vector_size(32)));

// 8 x 8 words: to[c][r] = from[r][c], rows of `from` and of `to` contiguous.
inline void transpose8(int32_t* to, int64_t toRow, const int32_t* from, int64_t fromRow) {
  Row8 r[8], s[8];
  for (int i = 0; i < 8; i++) __builtin_memcpy(&r[i], from + i * fromRow, 32);
  for (int i = 0; i < 4; i++) {
    s[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 2; i++) {
    r[4 * i] = __builtin_shufflevector(s[4 * i], s[4 * i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    r[4 * i + 1] = __builtin_shufflevector(s[4 * i], s[4 * i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    r[4 * i + 2] = __builtin_shufflevector(s[4 * i + 1], s[4 * i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    r[4 * i + 3] = __builtin_shufflevector(s[4 * i + 1], s[4 * i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; i++) {
    s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 8; i++) __builtin_memcpy(to + i * toRow, &s[i], 32);
}

// to[2 r + c] = from[c * fromColumn + r]: what a channel shuffle of two groups does.
void interleavePairs(int32_t* to, const int32_t* from, int64_t fromColumn, int64_t rows) {
  const auto eight = [&](int64_t r) {
    Row8 a, b;
    __builtin_memcpy(&a, from + r, 32);
    __builtin_memcpy(&b, from + fromColumn + r, 32);
    const Row8 low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    const Row8 high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    __builtin_memcpy(to + 2 * r, &low, 32);
    __builtin_memcpy(to + 2 * r + 8, &high, 32);
  };
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) eight(r);
  // The last eight again, where some are left.
  if (r < rows && rows >= 8) return eight(rows - 8);
  for (; r < rows; r++) {
    to[2 * r] = from[r];
    to[2 * r + 1] = from[fromColumn + r];
  }
}

// to[r * toRow + c] = from[c * fromColumn + r].
void transposeWords(int32_t* to, int64_t toRow, const int32_t* from, int64_t fromColumn, int64_t rows,
                    int64_t columns) {
  if (columns == 2 && toRow == 2) return interleavePairs(to, from, fromColumn, rows);
  int64_t r = 0;
  for (; r + 8 <= rows && columns >= 8; r += 8) {
    int64_t c = 0;
    for (; c + 8 <= columns; c += 8) transpose8(to + r * toRow + c, toRow, from + c * fromColumn + r, fromColumn);
    for (int64_t i = r; i < r + 8; i++) {
      for (int64_t j = c; j < columns; j++) to[i * toRow + j] = from[j * fromColumn + i];
    }
  }
  for (; r < rows; r++) {
    for (int64_t c = 0; c < columns; c++) to[r * toRow + c] = from[c * fromColumn + r];
  }
}

template <typename T>
void copyStrided(T* to, int64_t toRow, int64_t toColumn, const T* from, int64_t fromRow, int64_t fromColumn,
                 int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    T* t = to + r * toRow;
    const T* f = from + r * fromRow;
    for (int64_t c = 0; c < columns; c++) t[c * toColumn] = f[c * fromColumn];
  }
}

void copyWordTile(int32_t* to, int64_t toRow, int64_t toColumn, const int32_t* from, int64_t fromRow,
                  int64_t fromColumn, int64_t rows, int64_t columns) {
  if (toColumn == 1 && fromColumn == 1) {
    if (rows > 1 && toRow == columns && fromRow == columns) return copyWords(to, from, rows * columns);
    if (rows > 2 && toRow == columns && fromRow == 0) {
      copyWords(to, from, columns);
      int64_t done = columns;
      const int64_t all = rows * columns;
      while (done < all) {
        const int64_t more = done < all - done ? done : all - done;
        copyWords(to + done, to, more);
        done += more;
      }
      return;
    }
    for (int64_t r = 0; r < rows; r++) copyWords(to + r * toRow, from + r * fromRow, columns);
  } else if (toColumn == 1 && fromColumn == 0) {
    for (int64_t r = 0; r < rows; r++) fillWords(to + r * toRow, from[r * fromRow], columns);
  } else if (toColumn == 1 && fromRow == 1) {
    transposeWords(to, toRow, from, fromColumn, rows, columns);
  } else {
    copyStrided(to, toRow, toColumn, from, fromRow, fromColumn, rows, columns);
  }
}

}  // namespace

void loadTile(void* block, const View& view, int64_t offset, int64_t rows, int64_t columns, int64_t rowStride,
              int64_t columnStride) {
  int32_t* to = static_cast<int32_t*>(block);
  if (bytesOf(view.dtype) == 4) {
    const int32_t* from = reinterpret_cast<const int32_t*>(view.base) + offset;
    return copyWordTile(to, columns, 1, from, rowStride, columnStride, rows, columns);
  }
  const uint8_t* from = reinterpret_cast<const uint8_t*>(view.base) + offset;
  for (int64_t r = 0; r < rows; r++) {
    const uint8_t* f = from + r * rowStride;
    int32_t* t = to + r * columns;
    if (columnStride == 1) {
      for (int64_t c = 0; c < columns; c++) t[c] = f[c];
    } else {
      for (int64_t c = 0; c < columns; c++) t[c] = f[c * columnStride];
    }
  }
}

void storeTile(const View& view, const void* block, int64_t offset, int64_t rows, int64_t columns, int64_t rowStride,
               int64_t columnStride) {
  const int32_t* from = static_cast<const int32_t*>(block);
  if (bytesOf(view.dtype) == 4) {
    int32_t* to = reinterpret_cast<int32_t*>(view.base) + offset;
    return copyWordTile(to, rowStride, columnStride, from, columns, 1, rows, columns);
  }
  uint8_t* to = reinterpret_cast<uint8_t*>(view.base) + offset;
  const int32_t mask = view.dtype == DType::UInt8 ? 255 : 0;
  for (int64_t r = 0; r < rows; r++) {
    uint8_t* t = to + r * rowStride;
    const int32_t* f = from + r * columns;
    if (mask) {
      for (int64_t c = 0; c < columns; c++) t[c * columnStride] = static_cast<uint8_t>(f[c] & mask);
    } else {
      for (int64_t c = 0; c < columns; c++) t[c * columnStride] = f[c] != 0;
    }
  }
}

void copyTile(DType dtype, char* to, int64_t toRow, int64_t toColumn, const char* from, int64_t fromRow,
              int64_t fromColumn, int64_t rows, int64_t columns) {
  if (bytesOf(dtype) == 4) {
    return copyWordTile(reinterpret_cast<int32_t*>(to), toRow, toColumn, reinterpret_cast<const int32_t*>(from),
                        fromRow, fromColumn, rows, columns);
  }
  if (toColumn == 1 && fromColumn == 1) {
    for (int64_t r = 0; r < rows; r++) __builtin_memcpy(to + r * toRow, from + r * fromRow, static_cast<size_t>(columns));
    return;
  }
  copyStrided(to, toRow, toColumn, from, fromRow, fromColumn, rows, columns);
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
