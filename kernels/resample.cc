#include "kernels.h"
#include "simd.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// One output of `width` values: the weighted sum of rows of x, `width` values apart by `pitch`.
inline void sumTaps(float* y, const float* x, int64_t pitch, const int32_t* indices, const float* weights,
                    int64_t taps, int64_t width) {
  int64_t i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes) {
    Floats s0 = {}, s1 = {}, s2 = {}, s3 = {};
    for (int64_t t = 0; t < taps; t++) {
      const float* from = x + indices[t] * pitch + i;
      s0 += load<Floats>(from) * weights[t];
      s1 += load<Floats>(from + lanes) * weights[t];
      s2 += load<Floats>(from + 2 * lanes) * weights[t];
      s3 += load<Floats>(from + 3 * lanes) * weights[t];
    }
    store(y + i, s0);
    store(y + i + lanes, s1);
    store(y + i + 2 * lanes, s2);
    store(y + i + 3 * lanes, s3);
  }
  for (; i + lanes <= width; i += lanes) {
    Floats s = {};
    for (int64_t t = 0; t < taps; t++) s += load<Floats>(x + indices[t] * pitch + i) * weights[t];
    store(y + i, s);
  }
  if (i < width) {
    Floats s = {};
    for (int64_t t = 0; t < taps; t++) s += loadPart<Floats>(x + indices[t] * pitch + i, width - i) * weights[t];
    storePart(y + i, s, width - i);
  }
}

// Lines of few inner values: `lanes` lines at a time are turned so that they lie side by side.
void resampleShort(const Resample& r, const float* x, float* y, Context& context) {
  const int64_t groups = (r.outer + lanes - 1) / lanes, work = r.outer * r.inner * (r.inSize + r.offsets[r.outSize]);
  const int64_t inWords = r.inSize * r.inner, outWords = r.outSize * r.inner, tasks = tasksFor(groups, work, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int thread) {
    float* turned = static_cast<float*>(
        context.scratch(context, thread, static_cast<size_t>((inWords + r.inner) * lanes * 4)));
    float* sums = turned + inWords * lanes;
    for (int64_t group = groups * task / tasks; group < groups * (task + 1) / tasks; group++) {
      const int64_t first = group * lanes, count = r.outer - first < lanes ? r.outer - first : lanes;
      for (int64_t l = 0; l < lanes; l++) {
        const float* from = x + (first + (l < count ? l : 0)) * inWords;
        for (int64_t i = 0; i < inWords; i++) turned[i * lanes + l] = from[i];
      }
      for (int64_t o = 0; o < r.outSize; o++) {
        const int64_t at = r.offsets[o];
        sumTaps(sums, turned, r.inner * lanes, r.indices.data + at, r.weights.data + at, r.offsets[o + 1] - at,
                r.inner * lanes);
        for (int64_t l = 0; l < count; l++) {
          for (int64_t i = 0; i < r.inner; i++) y[(first + l) * outWords + o * r.inner + i] = sums[i * lanes + l];
        }
      }
    }
  });
}

}  // namespace

void resample(const Resample& r, Context& context) {
  const float* x = context.at<const float>(r.x.slot, r.x.offset);
  float* y = context.at<float>(r.y.slot, r.y.offset);
  if (r.outer * r.inner * r.outSize == 0) return;
  if (r.inner < lanes && r.outer > 1) return resampleShort(r, x, y, context);
  const int64_t pieces = r.outer * r.outSize;
  const int64_t tasks = tasksFor(pieces, r.outer * r.inner * (r.outSize + r.offsets[r.outSize]), context);
  parallelFor(context.pool, tasks, [&](int64_t task, int) {
    for (int64_t piece = pieces * task / tasks; piece < pieces * (task + 1) / tasks; piece++) {
      const int64_t o = piece % r.outSize, at = r.offsets[o];
      sumTaps(y + piece * r.inner, x + piece / r.outSize * r.inSize * r.inner, r.inner, r.indices.data + at,
              r.weights.data + at, r.offsets[o + 1] - at, r.inner);
    }
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
