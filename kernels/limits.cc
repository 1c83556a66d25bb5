// What the profile holds instructions against: loops that do nothing but multiply and add, or move memory.
#include "kernels.h"
#include "vector.h"

namespace ocelli {
namespace OCELLI_ISA {

double multiplyAdds(int64_t rounds, float* sink) {
  // Independent chains, each kept in a register, hide the latency of the multiply-add.
  constexpr int chains = 10;
  const Vector factor = Vector::broadcast(1.0000001f), term = Vector::broadcast(1e-9f);
  // Different from the start, or the compiler computes one of them for all.
  Vector c0 = term, c1 = term + c0, c2 = term + c1, c3 = term + c2, c4 = term + c3;
  Vector c5 = term + c4, c6 = term + c5, c7 = term + c6, c8 = term + c7, c9 = term + c8;
  for (int64_t round = 0; round < rounds; ++round) {
    c0 = fma(c0, factor, term);
    c1 = fma(c1, factor, term);
    c2 = fma(c2, factor, term);
    c3 = fma(c3, factor, term);
    c4 = fma(c4, factor, term);
    c5 = fma(c5, factor, term);
    c6 = fma(c6, factor, term);
    c7 = fma(c7, factor, term);
    c8 = fma(c8, factor, term);
    c9 = fma(c9, factor, term);
  }
  (((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7)) + (c8 + c9)).storePartial(sink, 1);
  return 2.0 * chains * Vector::width * static_cast<double>(rounds);
}

void triad(float* a, const float* b, const float* c, int64_t n) {
  const Vector factor = Vector::broadcast(3.0f);
  int64_t i = 0;
  for (; i + Vector::width <= n; i += Vector::width) fma(factor, Vector::load(c + i), Vector::load(b + i)).store(a + i);
  for (; i < n; ++i) a[i] = b[i] + 3.0f * c[i];
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
