// Elementary functions over vectors, within 2 units in the last place of the exact value unless said otherwise.
#pragma once
#include <cmath>

#include "simd.h"

namespace ocelli {
namespace OCELLI_ISA {

// Half to even. Adding and taking away 2^23 leaves no room for a fraction.
static inline Floats roundEven(Floats x) {
  const Floats size = absolute(x);
  const Floats whole = (size + 8388608.0f) - 8388608.0f;
  return select(size < 8388608.0f, copySign(whole, x), x);
}

static inline Floats floorOf(Floats x) {
  const Floats near = roundEven(x);
  return select(near > x, near - 1.0f, near);
}

// p 2^n, for n in -254 .. 254, rounding once where the result is normal.
static inline Floats timesPowerOfTwo(Floats p, Ints n) {
#if defined(__AVX512F__)
  return (Floats)_mm512_scalef_ps((__m512)p, (__m512)toFloats(n));
#else
  const Ints half = n >> 1;
  return p * floatsOf((half + 127) << 23) * floatsOf((n - half + 127) << 23);
#endif
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 2^20; ln 2 in two parts, the first short enough that n times it is exact.
static inline Floats reduceByLn2(Floats x, Ints& n) {
  // Adding 3 2^22 leaves no room for a fraction, and the whole part in the last bits.
  const Floats shifted = x * 1.44269504088896341f + 12582912.0f, whole = shifted - 12582912.0f;
  n = bitsOf(shifted) - 0x4b400000;
  return (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
}

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, the polynomial of Cephes' expf.
static inline Floats expTail(Floats r) {
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  return p * r + 5.0000001201e-1f;
}

static inline Floats expOf(Floats x) {
  x = clampBelow(clampAbove(x, 89.0f), -104.0f);
  Ints n;
  const Floats r = reduceByLn2(x, n);
  const Floats p = (expTail(r) * r * r + r) + 1.0f;
  return timesPowerOfTwo(p, n);
}

static inline Floats expm1Of(Floats x) {
  const Floats given = x;
  x = clampBelow(clampAbove(x, 89.0f), -20.0f);
  Ints e;
  const Floats r = reduceByLn2(x, e);
  const Floats p = expTail(r) * r * r + r;
  const Floats y = timesPowerOfTwo(p + (1.0f - timesPowerOfTwo(splat(1.0f), -e)), e);
  return select(given == 0.0f, given, y);
}

// log(m 2^e) with m = 1 + f, sqrt(1/2) <= m < sqrt 2: Cephes' logf.
static inline Floats logOfParts(Floats f, Floats e) {
  const Floats f2 = f * f;
  Floats p = f * 7.0376836292e-2f + -1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f + -1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f + -1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f + -2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  p = p * f * f2;
  p += e * -2.12194440e-4f;
  p -= f2 * 0.5f;
  return (f + p) + e * 0.693359375f;
}

// Splits x > 0 into m 2^e, m from sqrt(1/2) to sqrt 2.
static inline Floats splitExponent(Floats x, Floats& e) {
  const Ints small = x < 1.17549435e-38f;
  x = select(small, x * 8388608.0f, x);
  // Subtracting the bits of sqrt(1/2) makes the exponent field count from there.
  const Ints shifted = bitsOf(x) - 0x3f3504f3;
  const Ints exponent = shifted >> 23;
  e = toFloats(exponent - (small & 23));
  return floatsOf(bitsOf(x) - (exponent << 23));
}

static inline Floats logEdges(Floats x, Floats y) {
  const Floats infinity = splat(__builtin_inff());
  y = select(x == infinity, x, y);
  y = select(x == 0.0f, -infinity, y);
  return select((x < 0.0f) | (x != x), splat(__builtin_nanf("")), y);
}

static inline Floats logOf(Floats x) {
  Floats e;
  const Floats m = splitExponent(x, e);
  return logEdges(x, logOfParts(m - 1.0f, e));
}

static inline Floats log1pOf(Floats x) {
  const Floats u = 1.0f + x;
  // What the sum lost: u + lost = 1 + x exactly, or nearly so.
  const Floats lost = select(x > 1.0f, 1.0f - (u - x), x - (u - 1.0f));
  Floats e;
  const Floats m = splitExponent(u, e);
  const Floats f = (m - 1.0f) + lost * timesPowerOfTwo(splat(1.0f), -toInts(e));
  return select(x == 0.0f, x, logEdges(u, logOfParts(f, e)));
}

static inline Floats tanhOf(Floats x) {
  Floats size = absolute(x);
  size = select(size > 10.0f, splat(10.0f), size);
  const Floats g = expm1Of(size + size);
  return copySign(g / (g + 2.0f), x);
}

static inline Floats sigmoidOf(Floats x) { return 1.0f / (1.0f + expOf(-x)); }

// Minimax polynomials for erf near 0 and for log(1 - erf) elsewhere.
static inline Floats erfOf(Floats x) {
  Floats t = absolute(x);
  t = select(t > 4.0f, splat(4.0f), t);
  const Floats s = t * t;
  Floats r = t * -1.72853470e-5f + 3.83197126e-4f;
  const Floats u = t * -3.88396438e-3f + 2.42546219e-2f;
  r = r * s + u;
  r = r * t + -1.06777877e-1f;
  r = r * t + -6.34846687e-1f;
  r = r * t + -1.28717512e-1f;
  r = r * t - t;
  const Floats far = copySign(1.0f - expOf(r), x);
  Floats p = s * -5.96761703e-4f + 4.99119423e-3f;
  p = p * s + -2.67681349e-2f;
  p = p * s + 1.12819925e-1f;
  p = p * s + -3.76125336e-1f;
  p = p * s + 1.28379166e-1f;
  const Floats near = p * x + x;
  return select(t > 0.927734375f, far, near);
}

static inline Doubles lowHalf(Floats x) {
  HalfFloats h;
  __builtin_memcpy(&h, &x, sizeof h);
  return __builtin_convertvector(h, Doubles);
}

static inline Doubles highHalf(Floats x) {
  HalfFloats h;
  __builtin_memcpy(&h, reinterpret_cast<const char*>(&x) + sizeof h, sizeof h);
  return __builtin_convertvector(h, Doubles);
}

static inline Floats joinHalves(Doubles low, Doubles high) {
  const HalfFloats l = __builtin_convertvector(low, HalfFloats), h = __builtin_convertvector(high, HalfFloats);
  Floats x;
  __builtin_memcpy(&x, &l, sizeof l);
  __builtin_memcpy(reinterpret_cast<char*>(&x) + sizeof l, &h, sizeof h);
  return x;
}

// To the nearest whole number, for |x| < 2^51.
static inline Doubles nearestWhole(Doubles x) {
  const double shift = 6755399441055744.0;
  return (x + shift) - shift;
}

static inline Longs wholeBits(Doubles whole) {
  const double shift = 6755399441055744.0;
  return (Longs)(whole + shift) - (Longs)(shift - Doubles{});
}

// x - n pi / 2 with |n| < 2^20; pi / 2 in two parts, the first of 33 bits.
static inline Doubles reduceByHalfPi(Doubles x, Doubles& n) {
  n = nearestWhole(x * 6.36619772367581382433e-01);
  return (x - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;
}

// The sine of x + quarters pi / 2. Cephes' polynomials on +-pi / 4; libm beyond |x| = 10^6.
static inline Floats sineOf(Floats x, int quarters) {
  Doubles nLow, nHigh;
  const Doubles rLow = reduceByHalfPi(lowHalf(x), nLow), rHigh = reduceByHalfPi(highHalf(x), nHigh);
  const Floats r = joinHalves(rLow, rHigh), s = r * r;
  const Ints n = toInts(joinHalves(nLow, nHigh)) + quarters;
  Floats sine = s * -1.9515295891e-4f + 8.3321608736e-3f;
  sine = sine * s + -1.6666654611e-1f;
  sine = sine * s * r + r;
  Floats cosine = s * 2.443315711809948e-5f + -1.388731625493765e-3f;
  cosine = cosine * s + 4.166664568298827e-2f;
  cosine = cosine * s * s - 0.5f * s + 1.0f;
  Floats y = select((n & 1) != 0, cosine, sine);
  y = floatsOf(bitsOf(y) ^ ((n & 2) << 30));
  const Ints beyond = ~(absolute(x) < 1.0e6f);
  if (any(beyond)) {
    for (int i = 0; i < lanes; i++) {
      if (beyond[i]) y[i] = quarters ? std::cos(static_cast<double>(x[i])) : std::sin(static_cast<double>(x[i]));
    }
  }
  return y;
}

// log2 of |x|, in double precision to about 36 bits.
static inline Doubles log2Of(Doubles m, Doubles e) {
  const Doubles s = (m - 1.0) / (m + 1.0), z = s * s;
  Doubles p = z * (1.0 / 15.0) + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  p = p * z + 1.0;
  return p * s * 2.88539008177792681472 + e;
}

static inline Doubles exp2Of(Doubles x) {
  x = x > 200.0 ? 200.0 - Doubles{} : x;
  x = x < -200.0 ? -200.0 - Doubles{} : x;
  const Doubles n = nearestWhole(x), r = (x - n) * 0.693147180559945309417;
  Doubles p = r * (1.0 / 362880.0) + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return p * (Doubles)((wholeBits(n) + 1023) << 52);
}

// C's pow, edge cases included.
static inline Floats powOf(Floats x, Floats y) {
  const Floats infinity = splat(__builtin_inff()), size = absolute(x), ySize = absolute(y);
  Floats e;
  const Floats m = splitExponent(size, e);
  const Doubles low = lowHalf(y) * log2Of(lowHalf(m), lowHalf(e));
  const Doubles high = highHalf(y) * log2Of(highHalf(m), highHalf(e));
  Floats z = joinHalves(exp2Of(low), exp2Of(high));
  const Ints grows = (size > 1.0f) ^ (y < 0.0f);
  z = select((size == 0.0f) | (size == infinity) | (ySize == infinity), select(grows, infinity, splat(0.0f)), z);
  const Ints whole = roundEven(y) == y;
  const Ints odd = whole & (ySize < 16777216.0f) & (((toInts(select(ySize < 16777216.0f, y, splat(0.0f)))) & 1) != 0);
  z = select(odd, copySign(z, x), z);
  z = select((x < 0.0f) & ~whole & (size != infinity), splat(__builtin_nanf("")), z);
  z = select((size == 1.0f) & (ySize == infinity), splat(1.0f), z);
  z = select((x != x) | (y != y), x + y, z);
  return select((y == 0.0f) | (x == 1.0f), splat(1.0f), z);
}

// x - floor(x / y) y, with the sign of y. Exact, as fmod is: quotients too long for a double go to libm.
static inline Doubles truncatedRemainder(Doubles x, Doubles y, Longs& far) {
  const Doubles q = x / y;
  far = ~((q < 134217728.0) & (q > -134217728.0)) | (y - y != 0.0);
  Doubles t = nearestWhole(q);
  const Longs past = (t > q) & (q >= 0.0), before = (t < q) & (q < 0.0);
  t = past ? t - 1.0 : t;
  t = before ? t + 1.0 : t;
  return x - t * y;
}

static inline Floats remainderOf(Floats x, Floats y) {
  Longs farLow, farHigh;
  const Doubles low = truncatedRemainder(lowHalf(x), lowHalf(y), farLow);
  const Doubles high = truncatedRemainder(highHalf(x), highHalf(y), farHigh);
  Floats r = joinHalves(low, high);
  const Longs far = farLow | farHigh;
  bool anyFar = false;
  for (int i = 0; i < lanes / 2; i++) anyFar |= far[i] != 0;
  if (anyFar) {
    for (int i = 0; i < lanes; i++) r[i] = std::fmod(static_cast<double>(x[i]), static_cast<double>(y[i]));
  }
  return select((r != 0.0f) & ((r < 0.0f) ^ (y < 0.0f)), r + y, r);
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
