#include "kernels.h"
#include "simd.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// The part of a window along one axis that lies inside the image: taps first .. end - 1, from position `start`.
struct Window {
  int64_t start, first, end;
};

Window windowAt(int64_t output, int64_t stride, int64_t padding, int64_t dilation, int64_t kernel, int64_t size) {
  Window w;
  w.start = output * stride - padding;
  w.first = w.start < 0 ? (-w.start + dilation - 1) / dilation : 0;
  w.end = w.start >= size ? 0 : (size - 1 - w.start) / dilation + 1;
  if (w.end > kernel) w.end = kernel;
  if (w.first > w.end) w.first = w.end;
  return w;
}

// Whether x takes the place of the best so far: larger, or the first NaN.
inline Ints wins(Floats x, Floats best) { return ~(x <= best) & (best == best); }
inline bool wins(float x, float best) { return !(x <= best) && best == best; }

struct Pool {
  const MaxPool2d& p;
  const float* x;
  float* y;          // null when only positions are asked for
  int32_t* indices;  // or null
};

// `count` channels from c on, 1 to lanes.
template <bool whole>
inline void poolChannels(const Pool& pool, const float* image, const Window& rows, const Window& columns, int64_t c,
                         int64_t count, int64_t out, int64_t outIndex) {
  const ConvGeometry& g = pool.p.geometry;
  const int64_t stride = pool.p.x.pixelStride, width = pool.p.x.w;
  const auto at = [&](int64_t pixel) {
    const float* from = image + pixel * stride + c;
    return whole ? load<Floats>(from) : loadPart<Floats>(from, count);
  };
  Floats best = splat(-__builtin_inff());
  Ints index = splat(int32_t{-1});
  if (rows.first < rows.end && columns.first < columns.end) {
    const int64_t first = (rows.start + rows.first * g.dilationH) * width + columns.start + columns.first * g.dilationW;
    best = at(first);
    index = splat(static_cast<int32_t>(first));
  }
  for (int64_t ky = rows.first; ky < rows.end; ky++) {
    const int64_t line = (rows.start + ky * g.dilationH) * width + columns.start;
    for (int64_t kx = columns.first; kx < columns.end; kx++) {
      const int64_t pixel = line + kx * g.dilationW;
      const Floats value = at(pixel);
      const Ints better = wins(value, best);
      best = select(better, value, best);
      if (pool.indices) index = select(better, splat(static_cast<int32_t>(pixel)), index);
    }
  }
  if (whole) {
    if (pool.y) store(pool.y + out + c, best);
    if (pool.indices) store(pool.indices + outIndex + c, index);
  } else {
    if (pool.y) storePart(pool.y + out + c, best, count);
    if (pool.indices) storePart(pool.indices + outIndex + c, index, count);
  }
}

void poolRowOfPixels(const Pool& pool, int64_t n, int64_t oy) {
  const MaxPool2d& p = pool.p;
  const ConvGeometry& g = p.geometry;
  const float* image = pool.x + n * p.x.h * p.x.w * p.x.pixelStride;
  const Window rows = windowAt(oy, g.strideH, g.padTop, g.dilationH, g.kernelH, p.x.h);
  for (int64_t ox = 0; ox < p.y.w; ox++) {
    const Window columns = windowAt(ox, g.strideW, g.padLeft, g.dilationW, g.kernelW, p.x.w);
    const int64_t pixel = (n * p.y.h + oy) * p.y.w + ox;
    const int64_t out = pixel * p.y.pixelStride, outIndex = pixel * p.y.c;
    int64_t c = 0;
    for (; c + lanes <= p.y.c; c += lanes) {
      poolChannels<true>(pool, image, rows, columns, c, lanes, out, outIndex);
    }
    if (c < p.y.c) poolChannels<false>(pool, image, rows, columns, c, p.y.c - c, out, outIndex);
  }
}

// A row of a plane with the positions of its maxima.
void poolPlaneRow(const Pool& pool, int64_t plane, int64_t oy) {
  const MaxPool2d& p = pool.p;
  const ConvGeometry& g = p.geometry;
  const float* x = pool.x + plane * p.x.h * p.x.w;
  const int64_t out = (plane * p.y.h + oy) * p.y.w;
  const Window rows = windowAt(oy, g.strideH, g.padTop, g.dilationH, g.kernelH, p.x.h);
  for (int64_t ox = 0; ox < p.y.w; ox++) {
    const Window columns = windowAt(ox, g.strideW, g.padLeft, g.dilationW, g.kernelW, p.x.w);
    float best = -__builtin_inff();
    int64_t index = -1;
    if (rows.first < rows.end && columns.first < columns.end) {
      index = (rows.start + rows.first * g.dilationH) * p.x.w + columns.start + columns.first * g.dilationW;
      best = x[index];
    }
    for (int64_t ky = rows.first; ky < rows.end; ky++) {
      const int64_t line = (rows.start + ky * g.dilationH) * p.x.w + columns.start;
      for (int64_t kx = columns.first; kx < columns.end; kx++) {
        const float value = x[line + kx * g.dilationW];
        const bool better = wins(value, best);
        best = better ? value : best;
        index = better ? line + kx * g.dilationW : index;
      }
    }
    if (pool.y) pool.y[out + ox] = best;
    pool.indices[out + ox] = static_cast<int32_t>(index);
  }
}

// A row without positions: first the maxima down each column of the image, in `line` (x.w floats), then along it.
void poolPlaneValues(const Pool& pool, int64_t plane, int64_t oy, float* line) {
  const MaxPool2d& p = pool.p;
  const ConvGeometry& g = p.geometry;
  const int64_t width = p.x.w;
  const float* x = pool.x + plane * p.x.h * width;
  const Window rows = windowAt(oy, g.strideH, g.padTop, g.dilationH, g.kernelH, p.x.h);
  for (int64_t c = 0; c < width; c += lanes) {
    const int64_t count = width - c;
    const auto at = [&](int64_t ky) {
      const float* from = x + (rows.start + ky * g.dilationH) * width + c;
      return count >= lanes ? load<Floats>(from) : loadPart<Floats>(from, count);
    };
    Floats best = rows.first < rows.end ? at(rows.first) : splat(-__builtin_inff());
    for (int64_t ky = rows.first + 1; ky < rows.end; ky++) {
      const Floats value = at(ky);
      best = select(wins(value, best), value, best);
    }
    if (count >= lanes) {
      store(line + c, best);
    } else {
      storePart(line + c, best, count);
    }
  }
  float* out = pool.y + (plane * p.y.h + oy) * p.y.w;
  for (int64_t ox = 0; ox < p.y.w; ox++) {
    const int64_t start = ox * g.strideW - g.padLeft;
    int64_t first = 0, end = g.kernelW;
    if (start < 0 || start + (g.kernelW - 1) * g.dilationW >= width) {
      const Window columns = windowAt(ox, g.strideW, g.padLeft, g.dilationW, g.kernelW, width);
      first = columns.first;
      end = columns.end;
    }
    float best = first < end && rows.first < rows.end ? line[start + first * g.dilationW] : -__builtin_inff();
    for (int64_t kx = first + 1; kx < end; kx++) {
      const float value = line[start + kx * g.dilationW];
      best = wins(value, best) ? value : best;
    }
    out[ox] = best;
  }
}

template <typename Body>
void forLines(int64_t lines, int64_t each, Context& context, Body body) {
  const int64_t tasks = tasksFor(lines, lines * each, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int) {
    for (int64_t i = lines * task / tasks; i < lines * (task + 1) / tasks; i++) body(i);
  });
}

// Runs body(image, first channel, end channel): whole images, or slices of channels where images are few.
template <typename Body>
void forChannels(const Image& image, int64_t slice, Context& context, Body body) {
  const int threads = context.pool.size();
  int64_t slices = image.n >= threads * int64_t{2} || threads == 1 ? 1 : (image.c + slice - 1) / slice;
  if (image.n * image.c * image.h * image.w < 32768) slices = 1;
  if (slices > threads * int64_t{4}) slices = threads * int64_t{4};
  const int64_t width = ((image.c + slices - 1) / slices + slice - 1) / slice * slice;
  forLines(image.n * slices, image.c * image.h * image.w / slices, context, [&](int64_t i) {
    const int64_t first = i % slices * width, end = first + width < image.c ? first + width : image.c;
    if (first < end) body(i / slices, first, end);
  });
}

}  // namespace

void maxPool2d(const MaxPool2d& p, Context& context) {
  const Pool pool = {p, context.at<const float>(p.x.slot, p.x.offset),
                     p.values ? context.at<float>(p.y.slot, p.y.offset) : nullptr,
                     p.hasIndices ? context.at<int32_t>(p.indices.slot, p.indices.offset) : nullptr};
  const int64_t window = p.geometry.kernelH * p.geometry.kernelW;
  if (p.layout == Layout::NHWC) {
    forLines(p.y.n * p.y.h, p.y.w * p.y.c * window / 4, context,
             [&](int64_t i) { poolRowOfPixels(pool, i / p.y.h, i % p.y.h); });
  } else if (!p.hasIndices) {
    const int64_t lines = p.y.n * p.y.c * p.y.h, tasks = tasksFor(lines, lines * p.x.w, context);
    parallelFor(context.pool, tasks, [&](int64_t task, int thread) {
      float* line = static_cast<float*>(context.scratch(context, thread, static_cast<size_t>(p.x.w) * 4));
      for (int64_t i = lines * task / tasks; i < lines * (task + 1) / tasks; i++) {
        poolPlaneValues(pool, i / p.y.h, i % p.y.h, line);
      }
    });
  } else {
    forLines(p.y.n * p.y.c * p.y.h, p.y.w * window, context,
             [&](int64_t i) { poolPlaneRow(pool, i / p.y.h, i % p.y.h); });
  }
}

void poolGather(const PoolGather& p, Context& context) {
  const float* x = context.at<const float>(p.x.slot, p.x.offset);
  const int32_t* indices = context.at<const int32_t>(p.indices.slot, p.indices.offset);
  float* y = context.at<float>(p.y.slot, p.y.offset);
  const uint32_t pixels = static_cast<uint32_t>(p.x.h * p.x.w);
  const int64_t outPixels = p.y.h * p.y.w;
  if (p.layout == Layout::NHWC) {
    forLines(p.y.n * p.y.h, p.y.w * p.y.c, context, [&](int64_t line) {
      const float* image = x + line / p.y.h * static_cast<int64_t>(pixels) * p.x.pixelStride;
      for (int64_t pixel = line * p.y.w; pixel < (line + 1) * p.y.w; pixel++) {
        const int32_t* index = indices + pixel * p.y.c;
        float* to = y + pixel * p.y.pixelStride;
        for (int64_t c = 0; c < p.y.c; c++) {
          const uint32_t i = static_cast<uint32_t>(index[c]);
          to[c] = i < pixels ? image[static_cast<int64_t>(i) * p.x.pixelStride + c] : __builtin_nanf("");
        }
      }
    });
  } else {
    forLines(p.y.n * p.y.c, outPixels, context, [&](int64_t plane) {
      const float* from = x + plane * static_cast<int64_t>(pixels);
      for (int64_t i = plane * outPixels; i < (plane + 1) * outPixels; i++) {
        const uint32_t at = static_cast<uint32_t>(indices[i]);
        y[i] = at < pixels ? from[at] : __builtin_nanf("");
      }
    });
  }
}

void poolScatter(const PoolScatter& p, Context& context) {
  const float* y = context.at<const float>(p.y.slot, p.y.offset);
  const int32_t* indices = context.at<const int32_t>(p.indices.slot, p.indices.offset);
  float* x = context.at<float>(p.x.slot, p.x.offset);
  const uint32_t pixels = static_cast<uint32_t>(p.x.h * p.x.w);
  const int64_t outPixels = p.y.h * p.y.w;
  if (p.layout == Layout::NHWC) {
    forChannels(p.x, 16, context, [&](int64_t n, int64_t first, int64_t end) {
      float* image = x + n * static_cast<int64_t>(pixels) * p.x.pixelStride;
      for (int64_t pixel = 0; pixel < static_cast<int64_t>(pixels); pixel++) {
        __builtin_memset(image + pixel * p.x.pixelStride + first, 0, static_cast<size_t>(end - first) * 4);
      }
      for (int64_t pixel = n * outPixels; pixel < (n + 1) * outPixels; pixel++) {
        const int32_t* index = indices + pixel * p.y.c;
        const float* from = y + pixel * p.y.pixelStride;
        for (int64_t c = first; c < end; c++) {
          const uint32_t i = static_cast<uint32_t>(index[c]);
          if (i < pixels) image[static_cast<int64_t>(i) * p.x.pixelStride + c] += from[c];
        }
      }
    });
  } else {
    forLines(p.y.n * p.y.c, static_cast<int64_t>(pixels), context, [&](int64_t plane) {
      float* to = x + plane * static_cast<int64_t>(pixels);
      __builtin_memset(to, 0, pixels * sizeof(float));
      for (int64_t i = plane * outPixels; i < (plane + 1) * outPixels; i++) {
        const uint32_t at = static_cast<uint32_t>(indices[i]);
        if (at < pixels) to[at] += y[i];
      }
    });
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
