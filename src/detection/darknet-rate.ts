import type { DarknetEntries } from '../weights/index.ts'

function numberOf(entries: DarknetEntries, key: string, standard: number): number {
  const text = entries[key]
  if (text === undefined) return standard
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new RangeError(`[net]: ${key} must be a number from 0, got '${text}'`)
}

function listOf(entries: DarknetEntries, key: string): number[] {
  const text = entries[key]
  if (text === undefined) throw new RangeError(`[net]: the policy steps needs ${key}`)
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (values.every((value) => Number.isFinite(value) && value >= 0)) return values
  throw new RangeError(`[net]: ${key} must be numbers from 0 between commas, got '${text}'`)
}

/**
 * What the learning rate is multiplied by at a step, counted from 0: Darknet's `burn_in` (in which it rises with the power
 * `power`, 4 unless given) and then its policy `constant`, `steps`, `step`, `exp` or `poly`. For LambdaLR, stepped after every step.
 * Throws a RangeError for other policies and wrong numbers.
 * @param entries Of the `[net]` section: `DarknetConfig.other`.
 */
export function darknetRate(entries: DarknetEntries): (step: number) => number {
  const burnIn = numberOf(entries, 'burn_in', 0)
  const power = numberOf(entries, 'power', 4)
  const after = policyOf(entries, power)
  // Darknet counts the batch that it has just seen.
  return (step) => (step + 1 < burnIn ? ((step + 1) / burnIn) ** power : after(step + 1))
}

function policyOf(entries: DarknetEntries, power: number): (batch: number) => number {
  const policy = entries.policy ?? 'constant'
  switch (policy) {
    case 'constant':
      return () => 1
    case 'steps': {
      const [steps, scales] = [listOf(entries, 'steps'), listOf(entries, 'scales')]
      if (steps.length !== scales.length) {
        throw new RangeError(`[net]: ${steps.length} steps need as many scales, got ${scales.length}`)
      }
      return (batch) => {
        const passed = steps.findIndex((at) => at > batch)
        return scales.slice(0, passed < 0 ? scales.length : passed).reduce((rate, scale) => rate * scale, 1)
      }
    }
    case 'step': {
      const [length, scale] = [numberOf(entries, 'step', 1), numberOf(entries, 'scale', 1)]
      if (length === 0) throw new RangeError('[net]: step must be above 0')
      return (batch) => scale ** Math.floor(batch / length)
    }
    case 'exp': {
      const gamma = numberOf(entries, 'gamma', 1)
      return (batch) => gamma ** batch
    }
    case 'poly': {
      const most = numberOf(entries, 'max_batches', 0)
      if (most === 0) throw new RangeError('[net]: the policy poly needs max_batches')
      return (batch) => Math.max(1 - batch / most, 0) ** power
    }
    default:
      throw new RangeError(`[net]: policy=${policy} is none of constant, steps, step, exp, poly`)
  }
}
