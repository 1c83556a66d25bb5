/** Mean and population variance of what is not NaN; 0 of nothing. */
export function momentsOf(values: Float64Array): { mean: number; variance: number } {
  let [count, sum, squares] = [0, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    count++
    sum += value
  }
  if (count === 0) return { mean: 0, variance: 0 }
  const mean = sum / count
  for (let i = 0; i < values.length; i++) {
    const distance = values[i]! - mean
    if (!Number.isNaN(distance)) squares += distance * distance
  }
  return { mean, variance: squares / count }
}
