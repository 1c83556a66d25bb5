#include "micro.h"

#include <cstdlib>

#include "vector-math.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

template <typename In, typename F>
inline void loop1(void* out, const void* a, int64_t stepA, int64_t n, F f) {
  const float* pa = static_cast<const float*>(a);
  float* to = static_cast<float*>(out);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes, pa += stepA) store(to + i, f(load<In>(pa)));
  if (i < n) storePart(to + i, f(stepA ? loadPart<In>(pa, n - i) : load<In>(pa)), n - i);
}

template <typename In, typename F>
inline void loop2(void* out, const void* a, int64_t stepA, const void* b, int64_t stepB, int64_t n, F f) {
  const float* pa = static_cast<const float*>(a);
  const float* pb = static_cast<const float*>(b);
  float* to = static_cast<float*>(out);
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes, pa += 2 * stepA, pb += 2 * stepB) {
    const auto low = f(load<In>(pa), load<In>(pb));
    const auto high = f(load<In>(pa + stepA), load<In>(pb + stepB));
    store(to + i, low);
    store(to + i + lanes, high);
  }
  for (; i + lanes <= n; i += lanes, pa += stepA, pb += stepB) store(to + i, f(load<In>(pa), load<In>(pb)));
  if (i < n) {
    const int64_t left = n - i;
    storePart(to + i,
              f(stepA ? loadPart<In>(pa, left) : load<In>(pa), stepB ? loadPart<In>(pb, left) : load<In>(pb)), left);
  }
}

template <typename In, typename F>
inline void loop3(void* out, const void* a, int64_t stepA, const void* b, int64_t stepB, const void* c, int64_t stepC,
                  int64_t n, F f) {
  const float* pa = static_cast<const float*>(a);
  const float* pb = static_cast<const float*>(b);
  const float* pc = static_cast<const float*>(c);
  float* to = static_cast<float*>(out);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes, pa += stepA, pb += stepB, pc += stepC) {
    store(to + i, f(load<In>(pa), load<In>(pb), load<In>(pc)));
  }
  if (i < n) {
    const int64_t left = n - i;
    const In x = stepA ? loadPart<In>(pa, left) : load<In>(pa);
    const In y = stepB ? loadPart<In>(pb, left) : load<In>(pb);
    const In z = stepC ? loadPart<In>(pc, left) : load<In>(pc);
    storePart(to + i, f(x, y, z), left);
  }
}

template <typename First>
void runPair(const MicroOp& first, const MicroOp& second, void* out, const void* a, int64_t sa, const void* b,
             int64_t sb, const void* c, int64_t sc, int64_t n, First f) {
  switch (second.op) {
    case MicroOpCode::Add:
      return loop3<Floats>(out, a, sa, b, sb, c, sc, n, [f](Floats x, Floats y, Floats z) { return f(x, y) + z; });
    case MicroOpCode::Sub:
      if (second.a != first.out) {
        return loop3<Floats>(out, a, sa, b, sb, c, sc, n, [f](Floats x, Floats y, Floats z) { return z - f(x, y); });
      }
      return loop3<Floats>(out, a, sa, b, sb, c, sc, n, [f](Floats x, Floats y, Floats z) { return f(x, y) - z; });
    case MicroOpCode::Mul:
      return loop3<Floats>(out, a, sa, b, sb, c, sc, n, [f](Floats x, Floats y, Floats z) { return f(x, y) * z; });
    case MicroOpCode::Relu:
      return loop2<Floats>(out, a, sa, b, sb, n, [f](Floats x, Floats y) {
        const Floats v = f(x, y);
        return select(v <= 0.0f, splat(0.0f), v);
      });
    default:
      std::abort();  // pairs() allows no other
  }
}

// Bitwise, so one loop serves both types.
inline void loopWhere(void* out, const void* a, int64_t stepA, const void* b, int64_t stepB, const void* c,
                      int64_t stepC, int64_t n) {
  loop3<Ints>(out, a, stepA, b, stepB, c, stepC, n, [](Ints x, Ints y, Ints z) { return select(x != 0, y, z); });
}

inline Floats signOf(Floats x) {
  const Floats one = copySign(splat(1.0f), x);
  return select((x == 0.0f) | (x != x), x, one);
}

// A power with one exponent for all: the cases worth a shortcut. False if it is none of them.
bool powerOfUniform(void* out, const void* a, int64_t stepA, float exponent, int64_t n) {
  if (exponent == 2.0f) {
    loop1<Floats>(out, a, stepA, n, [](Floats x) { return x * x; });
  } else if (exponent == 3.0f) {
    loop1<Floats>(out, a, stepA, n, [](Floats x) { return x * x * x; });
  } else if (exponent == 1.0f) {
    loop1<Floats>(out, a, stepA, n, [](Floats x) { return x; });
  } else if (exponent == -1.0f) {
    loop1<Floats>(out, a, stepA, n, [](Floats x) { return 1.0f / x; });
  } else if (exponent == 0.5f) {
    loop1<Floats>(out, a, stepA, n, [](Floats x) {
      return select(x == -__builtin_inff(), -x, squareRoot(x) + 0.0f);
    });
  } else {
    return false;
  }
  return true;
}

void runFloats(const MicroOp& op, void* out, const void* a, int64_t sa, const void* b, int64_t sb, const void* c,
               int64_t sc, int64_t n) {
  const Ints one = splat(int32_t{1});
  switch (op.op) {
    case MicroOpCode::Const: {
      const Floats value = splat(static_cast<float>(op.value));
      return loop1<Floats>(out, &value, 0, n, [](Floats x) { return x; });
    }
    case MicroOpCode::Neg:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return -x; });
    case MicroOpCode::Abs:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return absolute(x); });
    case MicroOpCode::Sign:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return signOf(x); });
    case MicroOpCode::Exp:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return expOf(x); });
    case MicroOpCode::Expm1:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return expm1Of(x); });
    case MicroOpCode::Log:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return logOf(x); });
    case MicroOpCode::Log1p:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return log1pOf(x); });
    case MicroOpCode::Sqrt:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return squareRoot(x); });
    case MicroOpCode::Sin:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return sineOf(x, 0); });
    case MicroOpCode::Cos:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return sineOf(x, 1); });
    case MicroOpCode::Tanh:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return tanhOf(x); });
    case MicroOpCode::Sigmoid:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return sigmoidOf(x); });
    case MicroOpCode::Erf:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return erfOf(x); });
    case MicroOpCode::Floor:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return floorOf(x); });
    case MicroOpCode::Round:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return roundEven(x); });
    case MicroOpCode::Relu:
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return select(x <= 0.0f, splat(0.0f), x); });
    case MicroOpCode::Add:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return x + y; });
    case MicroOpCode::Sub:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return x - y; });
    case MicroOpCode::Mul:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return x * y; });
    case MicroOpCode::Div:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return x / y; });
    case MicroOpCode::Pow:
      if (sb == 0 && powerOfUniform(out, a, sa, *static_cast<const float*>(b), n)) return;
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return powOf(x, y); });
    case MicroOpCode::Maximum:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return larger(x, y); });
    case MicroOpCode::Minimum:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return smaller(x, y); });
    case MicroOpCode::Remainder:
      return loop2<Floats>(out, a, sa, b, sb, n, [](Floats x, Floats y) { return remainderOf(x, y); });
    case MicroOpCode::Equal:
      return loop2<Floats>(out, a, sa, b, sb, n, [one](Floats x, Floats y) { return (x == y) & one; });
    case MicroOpCode::Less:
      return loop2<Floats>(out, a, sa, b, sb, n, [one](Floats x, Floats y) { return (x < y) & one; });
    case MicroOpCode::LessEqual:
      return loop2<Floats>(out, a, sa, b, sb, n, [one](Floats x, Floats y) { return (x <= y) & one; });
    case MicroOpCode::Where:
      return loopWhere(out, a, sa, b, sb, c, sc, n);
    case MicroOpCode::Cast:
      if (op.from == MicroType::I32) return loop1<Ints>(out, a, sa, n, [](Ints x) { return toFloats(x); });
      return loop1<Floats>(out, a, sa, n, [](Floats x) { return x; });
    case MicroOpCode::ToBool:
    case MicroOpCode::ToUint8:
      break;
  }
  std::abort();  // casts to bool and uint8 are of type i32
}

int32_t integerRemainder(int32_t x, int32_t y) {
  if (y == 0 || y == -1) return 0;
  const int32_t r = x % y;
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

int32_t integerQuotient(int32_t x, int32_t y) {
  if (y == 0) return 0;
  return y == -1 ? static_cast<int32_t>(0u - static_cast<uint32_t>(x)) : x / y;
}

template <int32_t (*f)(int32_t, int32_t)>
Ints laneByLane(Ints x, Ints y) {
  for (int i = 0; i < lanes; i++) x[i] = f(x[i], y[i]);
  return x;
}

void runInts(const MicroOp& op, void* out, const void* a, int64_t sa, const void* b, int64_t sb, const void* c,
             int64_t sc, int64_t n) {
  const Ints one = splat(int32_t{1});
  const bool fromFloats = op.from == MicroType::F32;
  switch (op.op) {
    case MicroOpCode::Const: {
      const Ints value = splat(static_cast<int32_t>(op.value));
      return loop1<Ints>(out, &value, 0, n, [](Ints x) { return x; });
    }
    case MicroOpCode::Neg:
      return loop1<Words>(out, a, sa, n, [](Words x) { return -x; });
    case MicroOpCode::Abs:
      return loop1<Ints>(out, a, sa, n, [](Ints x) { return x < 0 ? -(Words)x : (Words)x; });
    case MicroOpCode::Sign:
      return loop1<Ints>(out, a, sa, n, [one](Ints x) { return (x < 0) | ((x > 0) & one); });
    case MicroOpCode::Floor:
    case MicroOpCode::Round:
      return loop1<Ints>(out, a, sa, n, [](Ints x) { return x; });
    case MicroOpCode::Relu:
      return loop1<Ints>(out, a, sa, n, [](Ints x) { return x & (x > 0); });
    case MicroOpCode::Add:
      return loop2<Words>(out, a, sa, b, sb, n, [](Words x, Words y) { return x + y; });
    case MicroOpCode::Sub:
      return loop2<Words>(out, a, sa, b, sb, n, [](Words x, Words y) { return x - y; });
    case MicroOpCode::Mul:
      return loop2<Words>(out, a, sa, b, sb, n, [](Words x, Words y) { return x * y; });
    case MicroOpCode::Div:
      return loop2<Ints>(out, a, sa, b, sb, n, [](Ints x, Ints y) { return laneByLane<integerQuotient>(x, y); });
    case MicroOpCode::Maximum:
      return loop2<Ints>(out, a, sa, b, sb, n, [](Ints x, Ints y) { return select(x > y, x, y); });
    case MicroOpCode::Minimum:
      return loop2<Ints>(out, a, sa, b, sb, n, [](Ints x, Ints y) { return select(x < y, x, y); });
    case MicroOpCode::Remainder:
      return loop2<Ints>(out, a, sa, b, sb, n, [](Ints x, Ints y) { return laneByLane<integerRemainder>(x, y); });
    case MicroOpCode::Equal:
      return loop2<Ints>(out, a, sa, b, sb, n, [one](Ints x, Ints y) { return (x == y) & one; });
    case MicroOpCode::Less:
      return loop2<Ints>(out, a, sa, b, sb, n, [one](Ints x, Ints y) { return (x < y) & one; });
    case MicroOpCode::LessEqual:
      return loop2<Ints>(out, a, sa, b, sb, n, [one](Ints x, Ints y) { return (x <= y) & one; });
    case MicroOpCode::Where:
      return loopWhere(out, a, sa, b, sb, c, sc, n);
    case MicroOpCode::Cast:
      if (fromFloats) return loop1<Floats>(out, a, sa, n, [](Floats x) { return toInts(x); });
      return loop1<Ints>(out, a, sa, n, [](Ints x) { return x; });
    case MicroOpCode::ToBool:
      if (fromFloats) return loop1<Floats>(out, a, sa, n, [one](Floats x) { return (x != 0.0f) & one; });
      return loop1<Ints>(out, a, sa, n, [one](Ints x) { return (x != 0) & one; });
    case MicroOpCode::ToUint8:
      if (fromFloats) return loop1<Floats>(out, a, sa, n, [](Floats x) { return toInts(x) & 255; });
      return loop1<Ints>(out, a, sa, n, [](Ints x) { return x & 255; });
    default:
      std::abort();  // the graph has no such op on integers
  }
}

}  // namespace

void runMicroOp(const MicroOp& op, void* out, const void* a, int64_t stepA, const void* b, int64_t stepB,
                const void* c, int64_t stepC, int64_t n) {
  const auto run = op.type == MicroType::F32 ? runFloats : runInts;
  run(op, out, a, stepA, b, stepB, c, stepC, n);
}

bool pairs(const MicroOp& first, const MicroOp& second) {
  if (first.type != MicroType::F32 || second.type != MicroType::F32) return false;
  const bool arithmetic =
      first.op == MicroOpCode::Add || first.op == MicroOpCode::Sub || first.op == MicroOpCode::Mul;
  if (!arithmetic) return false;
  if (second.op == MicroOpCode::Relu) return true;
  return (second.op == MicroOpCode::Add || second.op == MicroOpCode::Sub || second.op == MicroOpCode::Mul) &&
         second.a != second.b;
}

void runMicroOpPair(const MicroOp& first, const MicroOp& second, void* out, const void* a, int64_t stepA, const void* b,
                    int64_t stepB, const void* c, int64_t stepC, int64_t n) {
  const auto run = [&](auto f) { runPair(first, second, out, a, stepA, b, stepB, c, stepC, n, f); };
  switch (first.op) {
    case MicroOpCode::Add:
      return run([](Floats x, Floats y) { return x + y; });
    case MicroOpCode::Sub:
      return run([](Floats x, Floats y) { return x - y; });
    default:
      return run([](Floats x, Floats y) { return x * y; });
  }
}

int operandsOf(MicroOpCode op) {
  switch (op) {
    case MicroOpCode::Const:
      return 0;
    case MicroOpCode::Where:
      return 3;
    case MicroOpCode::Add:
    case MicroOpCode::Sub:
    case MicroOpCode::Mul:
    case MicroOpCode::Div:
    case MicroOpCode::Pow:
    case MicroOpCode::Maximum:
    case MicroOpCode::Minimum:
    case MicroOpCode::Remainder:
    case MicroOpCode::Equal:
    case MicroOpCode::Less:
    case MicroOpCode::LessEqual:
      return 2;
    default:
      return 1;
  }
}

void runMicroOps(const MicroOp* code, int64_t count, void* registers, int64_t n) {
  float* words = static_cast<float*>(registers);
  // Whole vectors only: what lies past n is garbage anyway.
  const int64_t whole = (n + lanes - 1) / lanes * lanes;
  for (int64_t i = 0; i < count; i++) {
    const MicroOp& op = code[i];
    runMicroOp(op, words + op.out * microBlock, words + op.a * microBlock, lanes, words + op.b * microBlock, lanes,
               words + op.c * microBlock, lanes, whole);
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
