/** A number to so many digits, all those before the point; in powers of ten where it is very large or small. */
export function formatNumber(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e12)) return value.toExponential(digits - 3)
  return size >= 10 ** digits ? value.toFixed(0) : String(Number(value.toPrecision(digits)))
}

/** A p value: four decimals, or its power of ten. */
export function formatP(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value < 1e-4 ? (value < 1e-300 ? '<1e-300' : value.toExponential(2)) : value.toFixed(4)
}
