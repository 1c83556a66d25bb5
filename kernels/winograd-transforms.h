// The one-dimensional transforms of F(2,3) and F(4,3): applied to the columns and then to the rows of a tile.
#pragma once
#include "vector.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

template <int M>
struct Winograd;

template <>
struct Winograd<2> {
  // B^T d
  static OCELLI_INLINE void input(const Vector (&d)[4], Vector (&t)[4]) {
    t[0] = d[2] - d[0];
    t[1] = d[2] + d[1];
    t[2] = d[2] - d[1];
    t[3] = d[3] - d[1];
  }
  // A^T m
  static OCELLI_INLINE void output(const Vector (&m)[4], Vector (&y)[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] + m[3];
  }
  // A y
  static OCELLI_INLINE void outputGrad(const Vector (&y)[2], Vector (&m)[4]) {
    m[0] = y[0];
    m[1] = y[0] + y[1];
    m[2] = y[0] - y[1];
    m[3] = y[1];
  }
  // G g
  static OCELLI_INLINE void weight(const Vector (&g)[3], Vector (&u)[4]) {
    const Vector half = Vector::broadcast(0.5f), even = half * (g[0] + g[2]), odd = half * g[1];
    u[0] = Vector::zero() - g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = g[2];
  }
  // G^T u
  static OCELLI_INLINE void weightGrad(const Vector (&u)[4], Vector (&g)[3]) {
    const Vector half = Vector::broadcast(0.5f), even = half * (u[1] + u[2]), odd = half * (u[1] - u[2]);
    g[0] = even - u[0];
    g[1] = odd;
    g[2] = even + u[3];
  }
};

template <>
struct Winograd<4> {
  static constexpr float a = 0.625f, b = 1.25f, aa = a * a, bb = b * b;
  // Products of the differences between one point and the others: at 0, at +-a, at +-b.
  static constexpr double n0 = 1.0 / (double{aa} * bb), na = 1.0 / (2.0 * aa * (double{aa} - bb)),
                          nb = 1.0 / (2.0 * bb * (double{bb} - aa));
  static OCELLI_INLINE Vector v(double x) { return Vector::broadcast(static_cast<float>(x)); }

  static OCELLI_INLINE void input(const Vector (&d)[6], Vector (&t)[6]) {
    const Vector evenA = fma(v(-bb), d[2], d[4]), oddA = fma(v(-bb), d[1], d[3]);
    const Vector evenB = fma(v(-aa), d[2], d[4]), oddB = fma(v(-aa), d[1], d[3]);
    t[0] = fma(v(aa * bb), d[0], fma(v(-aa - bb), d[2], d[4]));
    t[1] = fma(v(a), oddA, evenA);
    t[2] = fma(v(-a), oddA, evenA);
    t[3] = fma(v(b), oddB, evenB);
    t[4] = fma(v(-b), oddB, evenB);
    t[5] = fma(v(aa * bb), d[1], fma(v(-aa - bb), d[3], d[5]));
  }
  static OCELLI_INLINE void output(const Vector (&m)[6], Vector (&y)[4]) {
    const Vector evenA = m[1] + m[2], oddA = m[1] - m[2], evenB = m[3] + m[4], oddB = m[3] - m[4];
    y[0] = m[0] + evenA + evenB;
    y[1] = fma(v(a), oddA, v(b) * oddB);
    y[2] = fma(v(aa), evenA, v(bb) * evenB);
    y[3] = fma(v(aa * a), oddA, fma(v(bb * b), oddB, m[5]));
  }
  static OCELLI_INLINE void outputGrad(const Vector (&y)[4], Vector (&m)[6]) {
    const Vector evenA = fma(v(aa), y[2], y[0]), oddA = fma(v(aa), y[3], y[1]);
    const Vector evenB = fma(v(bb), y[2], y[0]), oddB = fma(v(bb), y[3], y[1]);
    m[0] = y[0];
    m[1] = fma(v(a), oddA, evenA);
    m[2] = fma(v(-a), oddA, evenA);
    m[3] = fma(v(b), oddB, evenB);
    m[4] = fma(v(-b), oddB, evenB);
    m[5] = y[3];
  }
  static OCELLI_INLINE void weight(const Vector (&g)[3], Vector (&u)[6]) {
    const Vector evenA = v(na) * fma(v(aa), g[2], g[0]), oddA = v(na * a) * g[1];
    const Vector evenB = v(nb) * fma(v(bb), g[2], g[0]), oddB = v(nb * b) * g[1];
    u[0] = v(n0) * g[0];
    u[1] = evenA + oddA;
    u[2] = evenA - oddA;
    u[3] = evenB + oddB;
    u[4] = evenB - oddB;
    u[5] = g[2];
  }
  static OCELLI_INLINE void weightGrad(const Vector (&u)[6], Vector (&g)[3]) {
    const Vector evenA = v(na) * (u[1] + u[2]), oddA = v(na * a) * (u[1] - u[2]);
    const Vector evenB = v(nb) * (u[3] + u[4]), oddB = v(nb * b) * (u[3] - u[4]);
    g[0] = fma(v(n0), u[0], evenA + evenB);
    g[1] = oddA + oddB;
    g[2] = fma(v(aa), evenA, fma(v(bb), evenB, u[5]));
  }
};

// T (N x N) T^t (R x R). load(i, j) gives an element, store(i, j, value) takes one.
template <int N, int R, typename Transform, typename Load, typename Store>
OCELLI_INLINE void transformTile(Transform transform, Load load, Store store) {
  Vector half[R][N];
#pragma GCC unroll 8
  for (int j = 0; j < N; ++j) {
    Vector column[N], result[R];
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) column[i] = load(i, j);
    transform(column, result);
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
    Vector result[R];
    transform(half[i], result);
#pragma GCC unroll 8
    for (int j = 0; j < R; ++j) store(i, j, result[j]);
  }
}

}  // namespace
}  // namespace OCELLI_ISA
}  // namespace ocelli
