/** The z that a standard normal number exceeds with this probability, from 0 (excluded) to 0.5. */
export function upperQuantile(probability: number): number {
  let z = 0
  // Newton's method on a concave function approaches from below; it is exact to rounding after a few steps.
  for (let step = 0; step < 100; step++) {
    const next = z + (upperTail(z) - probability) / (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI))
    if (!(next > z)) break
    z = next
  }
  return z
}

/** The probability that a standard normal number exceeds z, from 0 up: 1/2 - density * (z + z^3 / 3 + z^5 / 15 + …). */
function upperTail(z: number): number {
  let [sum, term] = [z, z]
  for (let k = 3; term > sum * 2 ** -54; k += 2) {
    term *= (z * z) / k
    sum += term
  }
  return 0.5 - (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)
}

/**
 * The upper confidence limit of an error rate of which `rate` was seen in `total` samples, z standard deviations up. Source:
 * Witten and Frank, Data Mining, chapter on decision trees.
 */
export function upperErrorRate(rate: number, total: number, z: number): number {
  const square = z * z
  return (
    (rate +
      square / (2 * total) +
      z * Math.sqrt(rate / total - rate ** 2 / total + square / (4 * total ** 2))) /
    (1 + square / total)
  )
}

/**
 * How many errors a leaf is expected to make on new samples, having made `errors` on the `total` that it learned from, as C4.5
 * and J48 estimate it: the binomial limit where it made none, the normal one with half an error more from 1 on, and between
 * them on the line.
 * @param confidence The confidence factor, above 0, up to 0.5.
 */
export function estimatedErrors(total: number, errors: number, confidence: number): number {
  if (errors < 1) {
    const none = total * (1 - confidence ** (1 / total))
    return none + errors * (estimatedErrors(total, 1, confidence) - none)
  }
  if (errors + 0.5 >= total) return Math.max(total, errors)
  return upperErrorRate((errors + 0.5) / total, total, upperQuantile(confidence)) * total
}
