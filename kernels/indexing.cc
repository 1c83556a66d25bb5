// Gathering and scattering along an axis.
#include <cstdlib>

#include "kernels.h"
#include "views.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// The dims of the index grouped around the axis, with the strides of the indexed value for them.
struct Lines {
  int64_t axisSize;    // of the index
  int64_t axisStride;  // of the value
  int64_t limit;       // of the value along the axis
  int64_t outer, inner;
  int rank, axis;
  const int64_t* dims;
  int64_t strides[maxRank];

  Lines(const Span<int64_t>& indexDims, const Span<int64_t>& valueDims, int64_t axisOfBoth)
      : outer(1), inner(1), rank(static_cast<int>(indexDims.size)), axis(static_cast<int>(axisOfBoth)), dims(indexDims.data) {
    if (rank > maxRank) std::abort();  // the compiler gives no such rank
    int64_t stride = 1;
    for (int d = rank - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= valueDims[d];
    }
    for (int d = 0; d < axis; d++) outer *= dims[d];
    for (int d = axis + 1; d < rank; d++) inner *= dims[d];
    axisSize = dims[axis];
    axisStride = strides[axis];
    limit = valueDims[axis];
  }

  // Offset in the value of a position over the dims from `first` to `end`, numbered row-major.
  int64_t offsetOf(int64_t position, int first, int end) const {
    int64_t offset = 0;
    for (int d = end - 1; d >= first; d--) {
      offset += position % dims[d] * strides[d];
      position /= dims[d];
    }
    return offset;
  }
  int64_t outerOffset(int64_t position) const { return offsetOf(position, 0, axis); }
  int64_t innerOffset(int64_t position) const { return offsetOf(position, axis + 1, rank); }
  // How many inner positions in a row lie side by side in the value: the innermost dim, if the axis is not it.
  int64_t run() const { return axis == rank - 1 ? 1 : dims[rank - 1]; }
};

// Reports the first index from `first` to `end`, excluded, that is out of range.
void noteMissed(const int32_t* index, int64_t first, int64_t end, uint64_t limit, Context& context) {
  while (first < end && static_cast<uint64_t>(int64_t{index[first]}) < limit) first++;
  if (first < end) context.fault(context, first, index[first]);
}

template <typename T>
void gatherOf(const Gather& g, Context& context, T outside) {
  const Lines lines(g.dims, g.xDims, g.axis);
  const T* x = context.at<const T>(g.x.slot, g.x.offset);
  const int32_t* index = context.at<const int32_t>(g.index.slot, g.index.offset);
  T* y = context.at<T>(g.y.slot, g.y.offset);
  const int64_t run = lines.run(), rows = lines.outer * lines.axisSize;
  if (rows * lines.inner == 0) return;
  const uint64_t limit = static_cast<uint64_t>(lines.limit);
  const int64_t tasks = tasksFor(rows, rows * lines.inner * 4, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int) {
    const int64_t first = rows * task / tasks, end = rows * (task + 1) / tasks;
    bool missed = false;
    for (int64_t row = first; row < end; row++) {
      const T* outer = x + lines.outerOffset(row / lines.axisSize);
      for (int64_t i = 0; i < lines.inner; i += run) {
        const T* from = outer + lines.innerOffset(i);
        const int32_t* at = index + row * lines.inner + i;
        T* to = y + row * lines.inner + i;
        for (int64_t k = 0; k < run; k++) {
          // A negative index becomes a huge one.
          const bool inside = static_cast<uint64_t>(int64_t{at[k]}) < limit;
          to[k] = inside ? from[at[k] * lines.axisStride + k] : outside;
          missed |= !inside;
        }
      }
    }
    if (missed) noteMissed(index, first * lines.inner, end * lines.inner, limit, context);
  });
}

template <typename T, typename Sum>
void scatterOf(const ScatterAdd& s, Context& context) {
  const Lines lines(s.dims, s.yDims, s.axis);
  const int32_t* index = context.at<const int32_t>(s.index.slot, s.index.offset);
  const T* source = context.at<const T>(s.source.slot, s.source.offset);
  T* y = context.at<T>(s.y.slot, s.y.offset);
  const int64_t run = lines.run();
  if (lines.outer * lines.axisSize * lines.inner == 0) return;
  const uint64_t limit = static_cast<uint64_t>(lines.limit);
  // Elements along the axis may meet in one place, so they stay in one task and in order; short inner runs are not cut.
  const int64_t piece = run > 256 ? 256 : run, perRun = (run + piece - 1) / piece;
  const int64_t runs = lines.outer * (lines.inner / run), pieces = runs * perRun;
  const int64_t tasks = tasksFor(pieces, runs * run * lines.axisSize * 4, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int) {
    bool missed = false;
    for (int64_t p = pieces * task / tasks; p < pieces * (task + 1) / tasks; p++) {
      const int64_t outer = p / perRun / (lines.inner / run), i = p / perRun % (lines.inner / run) * run;
      const int64_t first = p % perRun * piece, end = first + piece < run ? first + piece : run;
      T* to = y + lines.outerOffset(outer) + lines.innerOffset(i);
      for (int64_t a = 0; a < lines.axisSize; a++) {
        const int64_t row = (outer * lines.axisSize + a) * lines.inner + i;
        for (int64_t k = first; k < end; k++) {
          const int32_t at = index[row + k];
          if (static_cast<uint64_t>(int64_t{at}) >= limit) {
            missed = true;
            continue;
          }
          T& into = to[at * lines.axisStride + k];
          into = static_cast<T>(static_cast<Sum>(into) + static_cast<Sum>(source[row + k]));
        }
      }
    }
    if (missed) noteMissed(index, 0, lines.outer * lines.axisSize * lines.inner, limit, context);
  });
}

}  // namespace

void gather(const Gather& g, Context& context) {
  switch (g.x.dtype) {
    case DType::Float32:
      return gatherOf<float>(g, context, __builtin_nanf(""));
    case DType::Int32:
      return gatherOf<int32_t>(g, context, 0);
    case DType::UInt8:
    case DType::Bool:
      return gatherOf<uint8_t>(g, context, 0);
    case DType::Float64:
      std::abort();  // never compiled for this backend
  }
}

void scatterAdd(const ScatterAdd& s, Context& context) {
  switch (s.y.dtype) {
    case DType::Float32:
      return scatterOf<float, float>(s, context);
    case DType::Int32:
      return scatterOf<int32_t, uint32_t>(s, context);
    case DType::UInt8:
      return scatterOf<uint8_t, uint32_t>(s, context);
    case DType::Bool:
    case DType::Float64:
      std::abort();  // never compiled for this backend
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
