// The widest float and int vectors of the instruction set being compiled for, over the compiler's vector extensions.
// Everything here is static inline and lives in the instruction set's namespace.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace ocelli {
namespace OCELLI_ISA {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float Floats __attribute__((vector_size(lanes * 4)));
typedef int32_t Ints __attribute__((vector_size(lanes * 4)));
typedef uint32_t Words __attribute__((vector_size(lanes * 4)));
typedef double Doubles __attribute__((vector_size(lanes * 4)));
typedef int64_t Longs __attribute__((vector_size(lanes * 4)));
typedef float HalfFloats __attribute__((vector_size(lanes * 2)));

template <typename V, typename T>
static inline V load(const T* at) {
  V v;
  __builtin_memcpy(&v, at, sizeof(V));
  return v;
}

template <typename V, typename T>
static inline void store(T* at, V v) {
  __builtin_memcpy(at, &v, sizeof(V));
}

// The first `count` lanes, 1 to lanes - 1 of them, the others 0; memory past them is not touched.
#if defined(__AVX512F__)
template <typename V, typename T>
static inline V loadPart(const T* at, int64_t count) {
  return (V)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << count) - 1), at);
}
template <typename V, typename T>
static inline void storePart(T* at, V v, int64_t count) {
  _mm512_mask_storeu_epi32(at, static_cast<__mmask16>((1u << count) - 1), (__m512i)v);
}
#elif defined(__AVX2__)
static inline __m256i firstLanes(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
template <typename V, typename T>
static inline V loadPart(const T* at, int64_t count) {
  return (V)_mm256_maskload_epi32(reinterpret_cast<const int*>(at), firstLanes(count));
}
// Not a masked store, which takes tens of cycles on some processors.
template <typename V, typename T>
static inline void storePart(T* at, V v, int64_t count) {
  char* to = reinterpret_cast<char*>(at);
  __m128i rest = _mm256_castsi256_si128((__m256i)v);
  if (count & 4) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), rest);
    rest = _mm256_extracti128_si256((__m256i)v, 1);
    to += 16;
  }
  if (count & 2) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), rest);
    rest = _mm_srli_si128(rest, 8);
    to += 8;
  }
  if (count & 1) _mm_storeu_si32(to, rest);
}
#else
template <typename V, typename T>
static inline V loadPart(const T* at, int64_t count) {
  V v = {};
  for (int64_t i = 0; i < count; i++) __builtin_memcpy(reinterpret_cast<char*>(&v) + i * 4, at + i, 4);
  return v;
}
template <typename V, typename T>
static inline void storePart(T* at, V v, int64_t count) {
  for (int64_t i = 0; i < count; i++) __builtin_memcpy(at + i, reinterpret_cast<const char*>(&v) + i * 4, 4);
}
#endif

static inline Floats splat(float x) { return x - Floats{}; }
static inline Ints splat(int32_t x) { return x - Ints{}; }

static inline Ints bitsOf(Floats x) { return (Ints)x; }
static inline Floats floatsOf(Ints x) { return (Floats)x; }

static inline Ints toInts(Floats x) { return __builtin_convertvector(x, Ints); }
static inline Floats toFloats(Ints x) { return __builtin_convertvector(x, Floats); }

#if defined(__wasm_simd128__)
static inline Ints select(Ints mask, Ints a, Ints b) {
  return (Ints)wasm_v128_bitselect((v128_t)a, (v128_t)b, (v128_t)mask);
}
static inline Floats select(Ints mask, Floats a, Floats b) { return (Floats)select(mask, (Ints)a, (Ints)b); }
#else
static inline Floats select(Ints mask, Floats a, Floats b) { return mask ? a : b; }
static inline Ints select(Ints mask, Ints a, Ints b) { return mask ? a : b; }
#endif

static inline bool any(Ints mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#elif defined(__wasm_simd128__)
  return wasm_v128_any_true((v128_t)mask);
#else
  int32_t all = 0;
  for (int i = 0; i < lanes; i++) all |= mask[i];
  return all != 0;
#endif
}

static inline Floats squareRoot(Floats x) {
#if defined(__AVX512F__)
  return (Floats)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (Floats)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (Floats)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (Floats)vsqrtq_f32((float32x4_t)x);
#elif defined(__wasm_simd128__)
  return (Floats)wasm_f32x4_sqrt((v128_t)x);
#else
  for (int i = 0; i < lanes; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

static inline Floats absolute(Floats x) { return floatsOf(bitsOf(x) & 0x7fffffff); }

static inline Floats copySign(Floats magnitude, Floats sign) {
  const Ints signBit = splat(INT32_MIN);
  return floatsOf((bitsOf(magnitude) & ~signBit) | (bitsOf(sign) & signBit));
}

static inline Floats larger(Floats a, Floats b) { return select((a > b) | (a != a), a, b); }
static inline Floats smaller(Floats a, Floats b) { return select((a < b) | (a != a), a, b); }

// x, but no more (no less) than the bound; NaN stays NaN.
#if defined(__AVX512F__)
static inline Floats clampAbove(Floats x, float bound) { return (Floats)_mm512_min_ps((__m512)splat(bound), (__m512)x); }
static inline Floats clampBelow(Floats x, float bound) { return (Floats)_mm512_max_ps((__m512)splat(bound), (__m512)x); }
#elif defined(__AVX2__)
static inline Floats clampAbove(Floats x, float bound) { return (Floats)_mm256_min_ps((__m256)splat(bound), (__m256)x); }
static inline Floats clampBelow(Floats x, float bound) { return (Floats)_mm256_max_ps((__m256)splat(bound), (__m256)x); }
#else
static inline Floats clampAbove(Floats x, float bound) { return select(x > bound, splat(bound), x); }
static inline Floats clampBelow(Floats x, float bound) { return select(x < bound, splat(bound), x); }
#endif

}  // namespace OCELLI_ISA
}  // namespace ocelli
