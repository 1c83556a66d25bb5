/** ln(1 + x) - x without cancellation near 0. */
function log1pMinus(x: number): number {
  if (Math.abs(x) > 0.35) return Math.log1p(x) - x
  // With r = x / (2 + x): ln(1 + x) = 2 (r + r^3/3 + r^5/5 + …), and x = 2 r + r x.
  const r = x / (2 + x)
  const square = r * r
  let [term, sum] = [r * square, 0]
  for (let k = 3; Math.abs(term) > Math.abs(sum) * 1e-18 && k < 200; k += 2) {
    sum += (2 * term) / k
    term *= square
  }
  return sum - r * x
}

/** What Stirling's formula leaves: ln Γ(z) = (z - 1/2) ln z - z + ln(2 pi) / 2 + this, for z > 0. */
function stirlingRest(z: number): number {
  let [at, sum] = [z, 0]
  // δ(z) = δ(z + 1) + (z + 1/2) ln(1 + 1/z) - 1
  for (; at < 16; at++) {
    const inverse = 1 / at
    sum += (at + 0.5) * log1pMinus(inverse) + 0.5 * inverse
  }
  const square = 1 / (at * at)
  // Bernoulli numbers: 1/12, -1/360, 1/1260, -1/1680, 1/1188, -691/360360, 1/156
  const series =
    1 / 12 +
    square *
      (-1 / 360 +
        square *
          (1 / 1260 + square * (-1 / 1680 + square * (1 / 1188 + square * (-691 / 360360 + square / 156)))))
  return sum + series / at
}

/** ln Γ(z) for z > 0. */
export function logGamma(z: number): number {
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + stirlingRest(z)
}

/** a ln(x / a) + a - x: at most 0, without cancellation where x is near a. */
function logRatio(a: number, x: number): number {
  const difference = (x - a) / a
  return Math.abs(difference) < 0.35 ? a * log1pMinus(difference) : a * Math.log(x / a) + a - x
}

const smallest = 1e-300
const mostTerms = 1_000_000

/** Lentz's evaluation of the continued fraction b0 + a1 / (b1 + a2 / (b2 + …)). */
function continuedFraction(b0: number, term: (k: number) => readonly [a: number, b: number]): number {
  const kept = (value: number) => (Math.abs(value) < smallest ? smallest : value)
  let f = kept(b0)
  let [c, d] = [f, 0]
  for (let k = 1; k < mostTerms; k++) {
    const [a, b] = term(k)
    d = 1 / kept(b + a * d)
    c = kept(b + a / c)
    const change = c * d
    f *= change
    if (Math.abs(change - 1) < 1e-16) break
  }
  return f
}

/**
 * The regularised incomplete gamma functions [P(a, x), Q(a, x)] for a > 0, x >= 0, each accurate where it is small.
 * Abramowitz and Stegun, 6.5.29 and 6.5.31.
 */
export function incompleteGamma(a: number, x: number): readonly [lower: number, upper: number] {
  if (Number.isNaN(a) || Number.isNaN(x)) return [Number.NaN, Number.NaN]
  if (x <= 0) return [0, 1]
  if (x === Number.POSITIVE_INFINITY) return [1, 0]
  // x^a e^-x / Γ(a)
  const front = Math.sqrt(a / (2 * Math.PI)) * Math.exp(logRatio(a, x) - stirlingRest(a))
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a]
    for (let k = 1; term > sum * 1e-17 && k < mostTerms; k++) {
      term *= x / (a + k)
      sum += term
    }
    const lower = front * sum
    return [lower, 1 - lower]
  }
  const upper = front / continuedFraction(x + 1 - a, (k) => [k * (a - k), x + 1 - a + 2 * k])
  return [1 - upper, upper]
}

/**
 * The regularised incomplete beta function and its complement [I_x(a, b), I_y(b, a)], y = 1 - x given apart so that neither
 * end loses digits. Abramowitz and Stegun, 26.5.8.
 */
export function incompleteBeta(
  x: number,
  y: number,
  a: number,
  b: number,
): readonly [lower: number, upper: number] {
  if (Number.isNaN(x) || Number.isNaN(a) || Number.isNaN(b)) return [Number.NaN, Number.NaN]
  if (x <= 0) return [0, 1]
  if (y <= 0) return [1, 0]
  if (x > (a + 1) / (a + b + 2)) {
    const [lower, upper] = incompleteBeta(y, x, b, a)
    return [upper, lower]
  }
  const n = a + b
  // x^a y^b / B(a, b)
  const front =
    Math.sqrt((a * b) / (2 * Math.PI * n)) *
    Math.exp(logRatio(a, n * x) + logRatio(b, n * y) + stirlingRest(n) - stirlingRest(a) - stirlingRest(b))
  const fraction = continuedFraction(1, (k) => {
    const m = k >> 1
    const top = k % 2 === 0 ? m * (b - m) * x : -(a + m) * (n + m) * x
    return [top / ((a + k - 1) * (a + k)), 1]
  })
  const lower = front / (a * fraction)
  return [lower, 1 - lower]
}
