// A vector of floats in one register (or two, in the test-only instruction set "emulated16"). Everything is in an
// anonymous namespace, so that no copy compiled for one instruction set can serve another.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#define OCELLI_INLINE inline __attribute__((always_inline))

namespace ocelli {
namespace OCELLI_ISA {
namespace {

#if defined(__AVX512F__)

struct Vector {
  static constexpr int width = 16;
  __m512 v;
  static OCELLI_INLINE Vector zero() { return {_mm512_setzero_ps()}; }
  static OCELLI_INLINE Vector broadcast(float x) { return {_mm512_set1_ps(x)}; }
  static OCELLI_INLINE Vector load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static OCELLI_INLINE __mmask16 mask(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
  // The first n < width elements, zeros after them; touches no memory beyond.
  static OCELLI_INLINE Vector loadPartial(const float* p, int64_t n) { return {_mm512_maskz_loadu_ps(mask(n), p)}; }
  OCELLI_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  OCELLI_INLINE void storePartial(float* p, int64_t n) const { _mm512_mask_storeu_ps(p, mask(n), v); }
  OCELLI_INLINE float sum() const { return _mm512_reduce_add_ps(v); }
};
OCELLI_INLINE Vector operator+(Vector a, Vector b) { return {_mm512_add_ps(a.v, b.v)}; }
OCELLI_INLINE Vector operator-(Vector a, Vector b) { return {_mm512_sub_ps(a.v, b.v)}; }
OCELLI_INLINE Vector operator*(Vector a, Vector b) { return {_mm512_mul_ps(a.v, b.v)}; }
// a * b + c
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// NaN in x stays NaN.
OCELLI_INLINE Vector clampBelow(Vector x, Vector low) { return {_mm512_max_ps(low.v, x.v)}; }
OCELLI_INLINE Vector clampAbove(Vector x, Vector high) { return {_mm512_min_ps(high.v, x.v)}; }
// value where low < x < high, else 0.
OCELLI_INLINE Vector within(Vector value, Vector x, Vector low, Vector high) {
  const __mmask16 above = _mm512_cmp_ps_mask(x.v, low.v, _CMP_GT_OQ);
  return {_mm512_maskz_mov_ps(_mm512_mask_cmp_ps_mask(above, x.v, high.v, _CMP_LT_OQ), value.v)};
}

#elif defined(__AVX2__)

alignas(64) constexpr int32_t maskTable[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

struct Vector8 {
  static constexpr int width = 8;
  __m256 v;
  static OCELLI_INLINE Vector8 zero() { return {_mm256_setzero_ps()}; }
  static OCELLI_INLINE Vector8 broadcast(float x) { return {_mm256_set1_ps(x)}; }
  static OCELLI_INLINE Vector8 load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static OCELLI_INLINE __m256i mask(int64_t n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(maskTable + 8 - n));
  }
  // The first n < width elements, zeros after them; touches no memory beyond.
  static OCELLI_INLINE Vector8 loadPartial(const float* p, int64_t n) { return {_mm256_maskload_ps(p, mask(n))}; }
  OCELLI_INLINE void store(float* p) const { _mm256_storeu_ps(p, v); }
  // Not a masked store, which takes tens of cycles on some processors.
  OCELLI_INLINE void storePartial(float* p, int64_t n) const {
    if (n >= 8) {
      store(p);
      return;
    }
    __m128 rest = _mm256_castps256_ps128(v);
    if (n & 4) {
      _mm_storeu_ps(p, rest);
      rest = _mm256_extractf128_ps(v, 1);
      p += 4;
    }
    if (n & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), rest);
      rest = _mm_movehl_ps(rest, rest);
      p += 2;
    }
    if (n & 1) _mm_store_ss(p, rest);
  }
  OCELLI_INLINE float sum() const {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
  }
};
OCELLI_INLINE Vector8 operator+(Vector8 a, Vector8 b) { return {_mm256_add_ps(a.v, b.v)}; }
OCELLI_INLINE Vector8 operator-(Vector8 a, Vector8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
OCELLI_INLINE Vector8 operator*(Vector8 a, Vector8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
// a * b + c
OCELLI_INLINE Vector8 fma(Vector8 a, Vector8 b, Vector8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
// NaN in x stays NaN.
OCELLI_INLINE Vector8 clampBelow(Vector8 x, Vector8 low) { return {_mm256_max_ps(low.v, x.v)}; }
OCELLI_INLINE Vector8 clampAbove(Vector8 x, Vector8 high) { return {_mm256_min_ps(high.v, x.v)}; }
// value where low < x < high, else 0.
OCELLI_INLINE Vector8 within(Vector8 value, Vector8 x, Vector8 low, Vector8 high) {
  const __m256 above = _mm256_cmp_ps(x.v, low.v, _CMP_GT_OQ), below = _mm256_cmp_ps(x.v, high.v, _CMP_LT_OQ);
  return {_mm256_and_ps(value.v, _mm256_and_ps(above, below))};
}

#if defined(OCELLI_EMULATE_16)

struct Vector {
  static constexpr int width = 16;
  Vector8 low, high;
  static OCELLI_INLINE Vector zero() { return {Vector8::zero(), Vector8::zero()}; }
  static OCELLI_INLINE Vector broadcast(float x) { return {Vector8::broadcast(x), Vector8::broadcast(x)}; }
  static OCELLI_INLINE Vector load(const float* p) { return {Vector8::load(p), Vector8::load(p + 8)}; }
  static OCELLI_INLINE Vector loadPartial(const float* p, int64_t n) {
    if (n >= 8) return {Vector8::load(p), Vector8::loadPartial(p + 8, n - 8)};
    return {Vector8::loadPartial(p, n), Vector8::zero()};
  }
  OCELLI_INLINE void store(float* p) const {
    low.store(p);
    high.store(p + 8);
  }
  OCELLI_INLINE void storePartial(float* p, int64_t n) const {
    if (n >= 8) {
      low.store(p);
      high.storePartial(p + 8, n - 8);
    } else {
      low.storePartial(p, n);
    }
  }
  OCELLI_INLINE float sum() const { return (low + high).sum(); }
};
OCELLI_INLINE Vector operator+(Vector a, Vector b) { return {a.low + b.low, a.high + b.high}; }
OCELLI_INLINE Vector operator-(Vector a, Vector b) { return {a.low - b.low, a.high - b.high}; }
OCELLI_INLINE Vector operator*(Vector a, Vector b) { return {a.low * b.low, a.high * b.high}; }
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)}; }
OCELLI_INLINE Vector clampBelow(Vector x, Vector low) {
  return {clampBelow(x.low, low.low), clampBelow(x.high, low.high)};
}
OCELLI_INLINE Vector clampAbove(Vector x, Vector high) {
  return {clampAbove(x.low, high.low), clampAbove(x.high, high.high)};
}
OCELLI_INLINE Vector within(Vector value, Vector x, Vector low, Vector high) {
  return {within(value.low, x.low, low.low, high.low), within(value.high, x.high, low.high, high.high)};
}

#else
using Vector = Vector8;
#endif

#elif defined(__ARM_NEON)

struct Vector {
  static constexpr int width = 4;
  float32x4_t v;
  static OCELLI_INLINE Vector zero() { return {vdupq_n_f32(0.0f)}; }
  static OCELLI_INLINE Vector broadcast(float x) { return {vdupq_n_f32(x)}; }
  static OCELLI_INLINE Vector load(const float* p) { return {vld1q_f32(p)}; }
  // The first n < width elements, zeros after them; touches no memory beyond.
  static OCELLI_INLINE Vector loadPartial(const float* p, int64_t n) {
    float values[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int64_t i = 0; i < n; ++i) values[i] = p[i];
    return load(values);
  }
  OCELLI_INLINE void store(float* p) const { vst1q_f32(p, v); }
  OCELLI_INLINE void storePartial(float* p, int64_t n) const {
    float values[4];
    store(values);
    for (int64_t i = 0; i < n; ++i) p[i] = values[i];
  }
  OCELLI_INLINE float sum() const { return vaddvq_f32(v); }
};
OCELLI_INLINE Vector operator+(Vector a, Vector b) { return {vaddq_f32(a.v, b.v)}; }
OCELLI_INLINE Vector operator-(Vector a, Vector b) { return {vsubq_f32(a.v, b.v)}; }
OCELLI_INLINE Vector operator*(Vector a, Vector b) { return {vmulq_f32(a.v, b.v)}; }
// a * b + c
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
// NaN in x stays NaN.
OCELLI_INLINE Vector clampBelow(Vector x, Vector low) { return {vmaxq_f32(low.v, x.v)}; }
OCELLI_INLINE Vector clampAbove(Vector x, Vector high) { return {vminq_f32(high.v, x.v)}; }
// value where low < x < high, else 0.
OCELLI_INLINE Vector within(Vector value, Vector x, Vector low, Vector high) {
  const uint32x4_t keep = vandq_u32(vcgtq_f32(x.v, low.v), vcltq_f32(x.v, high.v));
  return {vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(value.v), keep))};
}

#elif defined(__wasm_simd128__)

struct Vector {
  static constexpr int width = 4;
  v128_t v;
  static OCELLI_INLINE Vector zero() { return {wasm_f32x4_const_splat(0.0f)}; }
  static OCELLI_INLINE Vector broadcast(float x) { return {wasm_f32x4_splat(x)}; }
  static OCELLI_INLINE Vector load(const float* p) { return {wasm_v128_load(p)}; }
  // The first n elements, zeros after them; touches no memory beyond.
  static OCELLI_INLINE Vector loadPartial(const float* p, int64_t n) {
    if (n >= width) return load(p);
    if (n & 2) {
      const v128_t two = wasm_v128_load64_zero(p);
      return {n & 1 ? wasm_v128_load32_lane(p + 2, two, 2) : two};
    }
    return n & 1 ? Vector{wasm_v128_load32_zero(p)} : zero();
  }
  OCELLI_INLINE void store(float* p) const { wasm_v128_store(p, v); }
  OCELLI_INLINE void storePartial(float* p, int64_t n) const {
    if (n >= width) return store(p);
    if (n & 2) {
      wasm_v128_store64_lane(p, v, 0);
      if (n & 1) wasm_v128_store32_lane(p + 2, v, 2);
    } else if (n & 1) {
      wasm_v128_store32_lane(p, v, 0);
    }
  }
  OCELLI_INLINE float sum() const {
    return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 2)) +
           (wasm_f32x4_extract_lane(v, 1) + wasm_f32x4_extract_lane(v, 3));
  }
};
OCELLI_INLINE Vector operator+(Vector a, Vector b) { return {wasm_f32x4_add(a.v, b.v)}; }
OCELLI_INLINE Vector operator-(Vector a, Vector b) { return {wasm_f32x4_sub(a.v, b.v)}; }
OCELLI_INLINE Vector operator*(Vector a, Vector b) { return {wasm_f32x4_mul(a.v, b.v)}; }
// a * b + c
#if defined(__wasm_relaxed_simd__)
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {wasm_f32x4_relaxed_madd(a.v, b.v, c.v)}; }
#else
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {wasm_f32x4_add(wasm_f32x4_mul(a.v, b.v), c.v)}; }
#endif
// NaN in x stays NaN.
OCELLI_INLINE Vector clampBelow(Vector x, Vector low) { return {wasm_f32x4_pmax(x.v, low.v)}; }
OCELLI_INLINE Vector clampAbove(Vector x, Vector high) { return {wasm_f32x4_pmin(x.v, high.v)}; }
// value where low < x < high, else 0.
OCELLI_INLINE Vector within(Vector value, Vector x, Vector low, Vector high) {
  return {wasm_v128_and(value.v, wasm_v128_and(wasm_f32x4_gt(x.v, low.v), wasm_f32x4_lt(x.v, high.v)))};
}

#else

// The compiler's own four-wide vectors: SSE2 on x64, plain code where the machine has none.
struct Vector {
  static constexpr int width = 4;
  typedef float Native __attribute__((vector_size(16)));
  Native v;
  static OCELLI_INLINE Vector zero() { return {Native{0.0f, 0.0f, 0.0f, 0.0f}}; }
  static OCELLI_INLINE Vector broadcast(float x) { return {Native{x, x, x, x}}; }
  static OCELLI_INLINE Vector load(const float* p) {
    Vector r;
    std::memcpy(&r.v, p, sizeof(r.v));
    return r;
  }
  // The first n < width elements, zeros after them; touches no memory beyond.
  static OCELLI_INLINE Vector loadPartial(const float* p, int64_t n) {
    float values[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int64_t i = 0; i < n; ++i) values[i] = p[i];
    return load(values);
  }
  OCELLI_INLINE void store(float* p) const { std::memcpy(p, &v, sizeof(v)); }
  OCELLI_INLINE void storePartial(float* p, int64_t n) const {
    for (int64_t i = 0; i < n; ++i) p[i] = v[i];
  }
  OCELLI_INLINE float sum() const { return (v[0] + v[2]) + (v[1] + v[3]); }
};
OCELLI_INLINE Vector operator+(Vector a, Vector b) { return {a.v + b.v}; }
OCELLI_INLINE Vector operator-(Vector a, Vector b) { return {a.v - b.v}; }
OCELLI_INLINE Vector operator*(Vector a, Vector b) { return {a.v * b.v}; }
// a * b + c
OCELLI_INLINE Vector fma(Vector a, Vector b, Vector c) { return {a.v * b.v + c.v}; }
// NaN in x stays NaN.
OCELLI_INLINE Vector clampBelow(Vector x, Vector low) { return {low.v > x.v ? low.v : x.v}; }
OCELLI_INLINE Vector clampAbove(Vector x, Vector high) { return {high.v < x.v ? high.v : x.v}; }
// value where low < x < high, else 0.
OCELLI_INLINE Vector within(Vector value, Vector x, Vector low, Vector high) {
  return {((x.v > low.v) & (x.v < high.v)) ? value.v : Vector::Native{}};
}

#endif

// Copies n floats of blocks that do not overlap.
OCELLI_INLINE void copyFloats(float* to, const float* from, int64_t n) {
  constexpr int64_t width = Vector::width;
  if (n < width) {
    if (n >= 8) {
      std::memcpy(to, from, 32);
      std::memcpy(to + n - 8, from + n - 8, 32);
    } else if (n >= 4) {
      std::memcpy(to, from, 16);
      std::memcpy(to + n - 4, from + n - 4, 16);
    } else if (n >= 2) {
      std::memcpy(to, from, 8);
      std::memcpy(to + n - 2, from + n - 2, 8);
    } else if (n == 1) {
      *to = *from;
    }
    return;
  }
  int64_t i = 0;
  for (; i + width <= n; i += width) Vector::load(from + i).store(to + i);
  if (i < n) Vector::load(from + n - width).store(to + n - width);
}

OCELLI_INLINE void zeroFloats(float* to, int64_t n) {
  int64_t i = 0;
  for (; i + Vector::width <= n; i += Vector::width) Vector::zero().store(to + i);
  if (i < n) Vector::zero().storePartial(to + i, n - i);
}

OCELLI_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
OCELLI_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
OCELLI_INLINE int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }
OCELLI_INLINE int64_t roundUp(int64_t a, int64_t b) { return divideUp(a, b) * b; }

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
