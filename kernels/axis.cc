// Orders and running values along an axis: argMax, cumSum, cumArgMax, argSort.
#include <cstdlib>

#include "kernels.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// Inner positions handled side by side, so that the axis is walked once for all of them.
constexpr int64_t strip = 64;

// Runs body(first element, elements side by side, thread, where results without the axis go) for each strip.
template <typename Body>
void forStrips(const AxisOp& op, int64_t width, Context& context, Body body) {
  const int64_t perOuter = (op.inner + width - 1) / width, strips = op.outer * perOuter;
  if (op.outer * op.size * op.inner == 0) return;
  const int64_t tasks = tasksFor(strips, op.outer * op.size * op.inner * 4, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int thread) {
    for (int64_t s = strips * task / tasks; s < strips * (task + 1) / tasks; s++) {
      const int64_t outer = s / perOuter, first = s % perOuter * width;
      const int64_t count = op.inner - first < width ? op.inner - first : width;
      body(outer * op.size * op.inner + first, count, thread, outer * op.inner + first);
    }
  });
}

inline bool isNan(float x) { return x != x; }
inline bool isNan(int32_t) { return false; }
inline bool isNan(uint8_t) { return false; }

template <typename T>
void argMaxOf(const AxisOp& op, const T* x, int32_t* y, Context& context) {
  forStrips(op, strip, context, [&](int64_t at, int64_t count, int, int64_t to) {
    T best[strip];
    int32_t where[strip];
    for (int64_t k = 0; k < count; k++) {
      best[k] = x[at + k];
      where[k] = 0;
    }
    for (int64_t i = 1; i < op.size; i++) {
      const T* row = x + at + i * op.inner;
      for (int64_t k = 0; k < count; k++) {
        const bool better = (row[k] > best[k] || isNan(row[k])) && !isNan(best[k]);
        best[k] = better ? row[k] : best[k];
        where[k] = better ? static_cast<int32_t>(i) : where[k];
      }
    }
    for (int64_t k = 0; k < count; k++) y[to + k] = where[k];
  });
}

template <typename T>
void cumArgMaxOf(const AxisOp& op, const T* x, int32_t* y, Context& context) {
  forStrips(op, strip, context, [&](int64_t at, int64_t count, int, int64_t) {
    T best[strip];
    int32_t where[strip];
    for (int64_t k = 0; k < count; k++) {
      best[k] = x[at + k];
      y[at + k] = where[k] = 0;
    }
    for (int64_t i = 1; i < op.size; i++) {
      const T* row = x + at + i * op.inner;
      int32_t* to = y + at + i * op.inner;
      for (int64_t k = 0; k < count; k++) {
        const bool better = isNan(row[k]) || row[k] >= best[k];
        best[k] = better ? row[k] : best[k];
        to[k] = where[k] = better ? static_cast<int32_t>(i) : where[k];
      }
    }
  });
}

// Sum: double for floats, as the running sum is long; unsigned for integers, so that they wrap.
template <typename T, typename Y, typename Sum>
void cumSumOf(const AxisOp& op, const T* x, Y* y, Context& context) {
  forStrips(op, strip, context, [&](int64_t at, int64_t count, int, int64_t) {
    Sum sums[strip];
    for (int64_t k = 0; k < count; k++) sums[k] = 0;
    for (int64_t i = 0; i < op.size; i++) {
      const T* row = x + at + i * op.inner;
      Y* to = y + at + i * op.inner;
      for (int64_t k = 0; k < count; k++) {
        sums[k] += static_cast<Sum>(row[k]);
        to[k] = static_cast<Y>(sums[k]);
      }
    }
  });
}

// Unsigned keys in the order of the values: NaN last, both zeros equal.
inline uint32_t keyOf(float x) {
  if (x != x) return 0xffffffffu;
  x += 0.0f;  // -0 becomes 0
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
inline uint32_t keyOf(int32_t x) { return static_cast<uint32_t>(x) ^ 0x80000000u; }
inline uint32_t keyOf(uint8_t x) { return x; }

struct Entry {
  uint32_t key;
  int32_t index;
};

void insertionSort(Entry* entries, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    const Entry entry = entries[i];
    int64_t j = i;
    for (; j > 0 && entries[j - 1].key > entry.key; j--) entries[j] = entries[j - 1];
    entries[j] = entry;
  }
}

// Byte by byte from the lowest, which keeps equal keys in order. The result lies in one of the two arrays.
Entry* radixSort(Entry* entries, Entry* other, int64_t n) {
  int64_t counts[4][256] = {};
  for (int64_t i = 0; i < n; i++) {
    for (int b = 0; b < 4; b++) counts[b][entries[i].key >> (8 * b) & 255]++;
  }
  for (int b = 0; b < 4; b++) {
    const uint32_t first = entries[0].key >> (8 * b) & 255;
    if (counts[b][first] == n) continue;
    int64_t place = 0;
    for (int64_t& count : counts[b]) {
      const int64_t size = count;
      count = place;
      place += size;
    }
    for (int64_t i = 0; i < n; i++) other[counts[b][entries[i].key >> (8 * b) & 255]++] = entries[i];
    Entry* sorted = other;
    other = entries;
    entries = sorted;
  }
  return entries;
}

template <typename T>
void argSortOf(const AxisOp& op, const T* x, int32_t* y, Context& context) {
  const uint32_t flip = op.descending ? 0xffffffffu : 0;
  forStrips(op, 1, context, [&](int64_t at, int64_t, int thread, int64_t) {
    Entry* entries =
        static_cast<Entry*>(context.scratch(context, thread, static_cast<size_t>(op.size) * 2 * sizeof(Entry)));
    for (int64_t i = 0; i < op.size; i++) entries[i] = {keyOf(x[at + i * op.inner]) ^ flip, static_cast<int32_t>(i)};
    const Entry* sorted = entries;
    if (op.size <= 48) {
      insertionSort(entries, op.size);
    } else {
      sorted = radixSort(entries, entries + op.size, op.size);
    }
    for (int64_t i = 0; i < op.size; i++) y[at + i * op.inner] = sorted[i].index;
  });
}

template <typename T>
void orderOp(const AxisOp& op, const T* x, Context& context) {
  int32_t* y = context.at<int32_t>(op.y.slot, op.y.offset);
  switch (op.kind) {
    case AxisKind::ArgMax:
      return argMaxOf(op, x, y, context);
    case AxisKind::CumArgMax:
      return cumArgMaxOf(op, x, y, context);
    case AxisKind::ArgSort:
      return argSortOf(op, x, y, context);
    case AxisKind::CumSum:
      return cumSumOf<T, int32_t, uint32_t>(op, x, y, context);
  }
}

}  // namespace

void axisOp(const AxisOp& op, Context& context) {
  switch (op.x.dtype) {
    case DType::Float32: {
      const float* x = context.at<const float>(op.x.slot, op.x.offset);
      if (op.kind != AxisKind::CumSum) return orderOp(op, x, context);
      return cumSumOf<float, float, double>(op, x, context.at<float>(op.y.slot, op.y.offset), context);
    }
    case DType::Int32:
      return orderOp(op, context.at<const int32_t>(op.x.slot, op.x.offset), context);
    case DType::UInt8:
    case DType::Bool:
      return orderOp(op, context.at<const uint8_t>(op.x.slot, op.x.offset), context);
    case DType::Float64:
      std::abort();  // never compiled for this backend
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
