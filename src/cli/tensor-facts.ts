import { toFloat32, type WeightTensor } from '../weights/index.ts'

export interface TensorFacts {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  /** Of the finite values; null where there are none, or none that are real. */
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  readonly std: number | null
  /** How many values are infinite or not a number. */
  readonly nonFinite: number
}

export function factsOf(name: string, tensor: WeightTensor): TensorFacts {
  const { shape, dtype } = tensor
  const facts = { name, shape, dtype }
  if (dtype === 'C64') return { ...facts, min: null, max: null, mean: null, std: null, nonFinite: 0 }
  const values = toFloat32(tensor, name)
  let [count, sum, squares] = [0, 0, 0]
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    count++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  const nonFinite = values.length - count
  if (count === 0) return { ...facts, min: null, max: null, mean: null, std: null, nonFinite }
  const mean = sum / count
  for (const value of values) if (Number.isFinite(value)) squares += (value - mean) ** 2
  return { ...facts, min, max, mean, std: Math.sqrt(squares / count), nonFinite }
}
