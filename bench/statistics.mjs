export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** What is told of the times of one workload. */
export const figuresOf = (times) => ({
  min: times.reduce((a, b) => Math.min(a, b)),
  median: median(times),
})

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** The largest difference between two results, relative to the largest magnitude of the second; NaN is a difference. */
export function disagreement(got, wanted) {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
  let worst = 0
  for (const [i, value] of got.entries()) {
    const difference = Math.abs(value - wanted[i]) / scale
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
  }
  return worst
}
