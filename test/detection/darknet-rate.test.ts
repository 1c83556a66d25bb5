import { describe, expect, it } from 'vitest'
import { darknetRate } from '../../src/detection/index.ts'
import { LambdaLR, sgd } from '../../src/optim/index.ts'
import { tensor } from '../../src/tensor/index.ts'

describe('darknetRate', () => {
  it('rises with the fourth power while it burns in, and falls at the steps', () => {
    const rate = darknetRate({ burn_in: '10', policy: 'steps', steps: '20,30', scales: '.1,.5' })
    expect(rate(0)).toBeCloseTo(0.1 ** 4, 12)
    expect(rate(4)).toBeCloseTo(0.5 ** 4, 12)
    expect([rate(9), rate(18)]).toEqual([1, 1])
    expect(rate(19)).toBeCloseTo(0.1, 12)
    expect(rate(100)).toBeCloseTo(0.05, 12)
  })

  it('knows the other policies', () => {
    expect(darknetRate({})(1000)).toBe(1)
    expect(darknetRate({ policy: 'step', step: '10', scale: '.5' })(24)).toBe(0.25)
    expect(darknetRate({ policy: 'exp', gamma: '.9' })(1)).toBeCloseTo(0.81, 12)
    expect(darknetRate({ policy: 'poly', max_batches: '100', power: '2' })(49)).toBeCloseTo(0.25, 12)
  })

  it('drives a scheduler', () => {
    const weight = tensor([1], { requiresGrad: true })
    const optimizer = sgd([weight], { lr: 0.2 })
    const scheduler = new LambdaLR(optimizer, darknetRate({ burn_in: '2', power: '1' }))
    expect(optimizer.paramGroups[0]!.lr).toBeCloseTo(0.1, 12)
    scheduler.step()
    expect(optimizer.paramGroups[0]!.lr).toBeCloseTo(0.2, 12)
  })

  it('refuses what it does not know', () => {
    expect(() => darknetRate({ policy: 'sgdr' })).toThrow(/policy=sgdr/)
    expect(() => darknetRate({ policy: 'steps', steps: '1,2', scales: '.1' })).toThrow(/2 steps/)
    expect(() => darknetRate({ policy: 'steps', steps: '1,,2', scales: '.1' })).toThrow(/between commas/)
    expect(() => darknetRate({ burn_in: 'x' })).toThrow(/burn_in/)
  })
})
