import { InputError } from '../errors.ts'
import { incompleteBeta, incompleteGamma, logGamma } from './special-functions.ts'

/** A continuous distribution. All numbers are accurate to about 12 digits, in the tails too. */
export interface Distribution {
  /** The probability of a value up to x. */
  cdf(x: number): number
  /** The probability of a value above x: 1 - cdf(x), without its loss of digits. */
  survival(x: number): number
  /** The x with cdf(x) = probability, which is from 0 to 1. */
  quantile(probability: number): number
}

/** Above this a tail is its density times x / the exponent that it falls with, to the last digit. */
const most = 1e300

/** The standard normal distribution. */
export const normal: Distribution = symmetric({
  upper: (x) => incompleteGamma(0.5, (x * x) / 2)[1] / 2,
  logDensity: (x) => -(x * x) / 2 - Math.log(2 * Math.PI) / 2,
})

/** Student's t distribution. @param degrees Of freedom, above 0; infinity gives the normal distribution. */
export function studentT(degrees: number): Distribution {
  checkDegrees('studentT', degrees)
  if (degrees === Number.POSITIVE_INFINITY) return normal
  const constant = logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - Math.log(degrees * Math.PI) / 2
  const logDensity = (x: number) => {
    const square = (x * x) / degrees
    const log = square < most ? Math.log1p(square) : 2 * Math.log(x) - Math.log(degrees)
    return constant - ((degrees + 1) / 2) * log
  }
  return symmetric({
    upper: (x) => {
      const square = (x * x) / degrees
      return square < most
        ? incompleteBeta(1 / (1 + square), square / (1 + square), degrees / 2, 0.5)[0] / 2
        : Math.exp(logDensity(x) + Math.log(x)) / degrees
    },
    logDensity,
  })
}

/** The chi-square distribution. @param degrees Of freedom, above 0. */
export function chiSquared(degrees: number): Distribution {
  checkDegrees('chiSquared', degrees)
  const half = degrees / 2
  const constant = -logGamma(half) - half * Math.LN2
  return positive({
    tails: (x) => incompleteGamma(half, x / 2),
    logDensity: (x) => constant + (half - 1) * Math.log(x) - x / 2,
    middle: degrees,
  })
}

/** Fisher's F distribution. @param numerator @param denominator Degrees of freedom, above 0. */
export function fisherF(numerator: number, denominator: number): Distribution {
  checkDegrees('fisherF', numerator)
  checkDegrees('fisherF', denominator)
  const [a, b] = [numerator / 2, denominator / 2]
  const constant = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(a / b)
  const logDensity = (x: number) => constant + (a - 1) * Math.log(x) - (a + b) * Math.log1p((a / b) * x)
  return positive({
    tails: (x) => {
      const ratio = (a / b) * x
      return ratio < most
        ? incompleteBeta(ratio / (1 + ratio), 1 / (1 + ratio), a, b)
        : [1, ratio < Number.POSITIVE_INFINITY ? Math.exp(logDensity(x) + Math.log(x)) / b : 0]
    },
    logDensity,
    middle: 1,
  })
}

function checkDegrees(what: string, degrees: number): void {
  if (!(degrees > 0)) throw new InputError(`${what}: ${degrees} degrees of freedom; they must be above 0`)
}

interface Half {
  /** The probability of a value above x >= 0. */
  upper(x: number): number
  logDensity(x: number): number
}

/** A distribution that is symmetric about 0. */
function symmetric({ upper, logDensity }: Half): Distribution {
  const survival = (x: number) => (x < 0 ? 1 - upper(-x) : upper(x))
  return {
    cdf: (x) => survival(-x),
    survival,
    quantile(probability) {
      checkProbability(probability)
      if (probability === 0.5) return 0
      const tail = Math.min(probability, 1 - probability)
      if (tail === 0) return probability === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
      const x = rootOfTail(upper, logDensity, { wanted: tail, start: 1, falls: true })
      return probability < 0.5 ? -x : x
    },
  }
}

interface Positive {
  /** The probabilities of a value up to x and above it. */
  tails(x: number): readonly [lower: number, upper: number]
  logDensity(x: number): number
  /** Where to begin to search. */
  readonly middle: number
}

/** A distribution of numbers above 0. */
function positive({ tails, logDensity, middle }: Positive): Distribution {
  return {
    cdf: (x) => (x <= 0 ? 0 : tails(x)[0]),
    survival: (x) => (x <= 0 ? 1 : tails(x)[1]),
    quantile(probability) {
      checkProbability(probability)
      if (probability === 0) return 0
      if (probability === 1) return Number.POSITIVE_INFINITY
      return probability < 0.5
        ? rootOfTail((x) => tails(x)[0], logDensity, { wanted: probability, start: middle, falls: false })
        : rootOfTail((x) => tails(x)[1], logDensity, { wanted: 1 - probability, start: middle, falls: true })
    },
  }
}

function checkProbability(probability: number): void {
  if (!(probability >= 0 && probability <= 1)) {
    throw new InputError(`quantile: the probability is ${probability}; it must be from 0 to 1`)
  }
}

/** The x > 0 where a tail probability has the wanted value: Newton's steps for ln tail over ln x, kept between bounds. */
function rootOfTail(
  tail: (x: number) => number,
  logDensity: (x: number) => number,
  { wanted, start, falls }: { wanted: number; start: number; falls: boolean },
): number {
  let [low, high] = [0, Number.POSITIVE_INFINITY]
  let x = start
  for (let step = 0; step < 2000; step++) {
    const probability = tail(x)
    if (probability === wanted) return x
    if (probability > wanted === falls) low = x
    else high = x
    const rise = Math.exp(logDensity(x) + Math.log(x))
    const change = (Math.log(wanted / probability) * probability) / (falls ? -rise : rise)
    let next = x * Math.exp(Math.max(-2, Math.min(2, change)))
    if (!(next > low && next < high)) {
      if (high === Number.POSITIVE_INFINITY) next = x * 8
      else next = low === 0 ? x / 8 : Math.sqrt(low) * Math.sqrt(high)
    }
    if (Math.abs(next - x) <= 4e-16 * x || next === 0 || next === Number.POSITIVE_INFINITY) return next
    x = next
  }
  return x
}
