#include "activation.h"

#include "vector-math.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

template <typename F>
void apply(float* values, int64_t n, F f) {
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const Floats low = f(load<Floats>(values + i)), high = f(load<Floats>(values + i + lanes));
    store(values + i, low);
    store(values + i + lanes, high);
  }
  for (; i + lanes <= n; i += lanes) store(values + i, f(load<Floats>(values + i)));
  if (i < n) storePart(values + i, f(loadPart<Floats>(values + i, n - i)), n - i);
}

inline Floats hardSigmoid(Floats x) { return clampAbove(clampBelow(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f); }

}  // namespace

void activate(Activation activation, float* values, int64_t n) {
  switch (activation) {
    case Activation::None:
      return;
    case Activation::Sigmoid:
      return apply(values, n, [](Floats x) { return sigmoidOf(x); });
    case Activation::Silu:
      return apply(values, n, [](Floats x) { return x * sigmoidOf(x); });
    case Activation::HardSigmoid:
      return apply(values, n, [](Floats x) { return hardSigmoid(x); });
    case Activation::HardSwish:
      return apply(values, n, [](Floats x) { return x * hardSigmoid(x); });
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
