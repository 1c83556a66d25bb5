import { describe, expect, it } from 'vitest'
import { chiSquared, type Distribution, fisherF, normal, studentT } from '../../src/classical/index.ts'
import expected from './expected/distributions.json' with { type: 'json' }

function distribution(name: string, [first, second]: readonly number[]): Distribution {
  if (name === 'normal') return normal
  if (name === 'fisherF') return fisherF(first!, second!)
  return name === 'studentT' ? studentT(first!) : chiSquared(first!)
}

function relativeError(actual: number, wanted: number): number {
  return actual === wanted ? 0 : Math.abs(actual - wanted) / Math.abs(wanted)
}

type Value = readonly [name: string, degrees: number[], x: number, below: number, above: number]
type Quantile = readonly [name: string, degrees: number[], probability: number, x: number]

describe('distributions', () => {
  it.each(expected.values as unknown as Value[])('%s %j at %d', (name, degrees, x, below, above) => {
    const { cdf, survival } = distribution(name, degrees)
    expect(relativeError(cdf(x), below)).toBeLessThan(1e-12)
    expect(relativeError(survival(x), above)).toBeLessThan(1e-12)
  })

  it.each(expected.quantiles as unknown as Quantile[])('%s %j reaches %d', (name, degrees, p, wanted) => {
    expect(relativeError(distribution(name, degrees).quantile(p), wanted)).toBeLessThan(1e-12)
  })

  it('reach the ends', () => {
    for (const each of [normal, studentT(1), studentT(4)]) {
      expect(each.quantile(0)).toBe(Number.NEGATIVE_INFINITY)
      expect(each.quantile(1)).toBe(Number.POSITIVE_INFINITY)
      expect(each.quantile(0.5)).toBe(0)
      expect(relativeError(each.cdf(each.quantile(1e-300)), 1e-300)).toBeLessThan(1e-11)
    }
    for (const each of [chiSquared(3), fisherF(2, 9)]) {
      expect(each.quantile(0)).toBe(0)
      expect(each.quantile(1)).toBe(Number.POSITIVE_INFINITY)
      expect(each.cdf(-1)).toBe(0)
      expect(each.survival(Number.POSITIVE_INFINITY)).toBe(0)
    }
    expect(studentT(Number.POSITIVE_INFINITY).cdf(1)).toBe(normal.cdf(1))
    expect(relativeError(studentT(1).quantile(1e-300), -1e300 / Math.PI)).toBeLessThan(1e-12)
  })

  it('refuse what is no probability or no number of degrees', () => {
    expect(() => normal.quantile(1.5)).toThrow('the probability is 1.5')
    expect(() => studentT(0)).toThrow('0 degrees of freedom')
    expect(() => fisherF(1, Number.NaN)).toThrow('NaN degrees')
  })
})
