/** Puts two variables whose sum stays into their bounds. */
export function clipSum(
  alpha: Float64Array,
  i: number,
  j: number,
  newI: number,
  newJ: number,
  sum: number,
  upperI: number,
  upperJ: number,
): void {
  let [a, b] = [newI, newJ]
  if (sum > upperI) {
    if (a > upperI) [a, b] = [upperI, sum - upperI]
  } else if (b < 0) [a, b] = [sum, 0]
  if (sum > upperJ) {
    if (b > upperJ) [a, b] = [sum - upperJ, upperJ]
  } else if (a < 0) [a, b] = [0, sum]
  alpha[i] = a
  alpha[j] = b
}

/** Puts two variables whose difference stays into their bounds. */
export function clipDifference(
  alpha: Float64Array,
  i: number,
  j: number,
  newI: number,
  newJ: number,
  difference: number,
  upperI: number,
  upperJ: number,
): void {
  let [a, b] = [newI, newJ]
  if (difference > 0) {
    if (b < 0) [a, b] = [difference, 0]
  } else if (a < 0) [a, b] = [0, -difference]
  if (difference > upperI - upperJ) {
    if (a > upperI) [a, b] = [upperI, upperI - difference]
  } else if (b > upperJ) [a, b] = [upperJ + difference, upperJ]
  alpha[i] = a
  alpha[j] = b
}

/** The positions of numbers from the largest down. Equal ones are mixed: at the start all are, and classes follow each other. */
export function largestFirst(values: Float64Array): Int32Array {
  const mixed = (t: number) => Math.imul(t, 0x9e3779b1) >>> 0
  return Int32Array.from(values, (_, t) => t).sort((a, b) => values[b]! - values[a]! || mixed(a) - mixed(b))
}
