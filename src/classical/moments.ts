/** Mean and population variance of what is not NaN; 0 of nothing. */
export function momentsOf(values: Float64Array): { mean: number; variance: number } {
  const present = values.filter((value) => !Number.isNaN(value))
  if (present.length === 0) return { mean: 0, variance: 0 }
  const mean = present.reduce((sum, value) => sum + value, 0) / present.length
  const variance = present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / present.length
  return { mean, variance }
}
