import { beforeAll, describe, expect, it } from 'vitest'
import * as optim from '../../src/optim/index.ts'
import { variable } from '../../src/tensor/create.ts'
import { compile, setBackend, type Tensor, tensor } from '../../src/tensor/index.ts'
import { expectClose, fixture, numbersIn } from './fixture.ts'

interface Case {
  readonly limit: number
  readonly normType?: number | 'inf'
  readonly total?: string
  readonly gradients: readonly string[]
}

const { shapes, gradients, norm, value } = fixture<{
  readonly shapes: readonly number[][]
  readonly gradients: readonly string[]
  readonly norm: readonly Case[]
  readonly value: readonly Case[]
}>('clipping.json')

const near = { relative: 2e-6, absolute: 1e-7 }

function parameters(): Tensor[] {
  return gradients.map((values, i) => {
    const size = numbersIn(values).length
    const parameter = variable(new Float32Array(size), shapes[i]!, { requiresGrad: true })
    parameter.grad = tensor(Float32Array.from(numbersIn(values)), shapes[i]!)
    return parameter
  })
}

async function expectGradients(list: readonly Tensor[], expected: readonly string[]): Promise<void> {
  for (const [i, { grad }] of list.entries()) expectClose(await grad!.data(), numbersIn(expected[i]!), near)
}

beforeAll(async () => {
  await setBackend('reference')
})

describe('clipGradNorm', () => {
  it.each(norm)('to $limit, norm type $normType', async ({ limit, normType, total, gradients }) => {
    const list = parameters()
    const options = { normType: normType === 'inf' ? Number.POSITIVE_INFINITY : (normType ?? 2) }
    const before = optim.clipGradNorm(list, limit, options)
    expectClose(await before.data(), numbersIn(total!), near)
    await expectGradients(list, gradients)
  })

  it('takes one parameter, and leaves out those without a gradient', async () => {
    const [first, second] = parameters()
    second!.grad = null
    optim.clipGradNorm(first!, 0.001)
    expect(await optim.clipGradNorm([first!, second!], 1).item()).toBeCloseTo(0.001, 5)
    expect(second!.grad).toBe(null)
    expect(await optim.clipGradNorm([second!], 1).item()).toBe(0)
  })

  it('refuses limits that make no sense', () => {
    expect(() => optim.clipGradNorm([], 0)).toThrow('clipGradNorm: maxNorm must be above 0, got 0')
    expect(() => optim.clipGradNorm([], 1, { normType: -1 })).toThrow('normType must be above 0')
    expect(() => optim.clipGradValue([], Number.NaN)).toThrow('clipValue must be above 0')
  })

  it('limits what reaches the parameters, in a compiled step too', async () => {
    const p = variable(Float32Array.of(0, 0), [2], { requiresGrad: true })
    const optimizer = optim.sgd([p], { lr: 1 })
    const step = compile((x: Tensor): readonly [Tensor, Tensor] => {
      const loss = p.mul(x).sum()
      optimizer.zeroGrad()
      loss.backward()
      const total = optim.clipGradNorm(p, 1)
      optimizer.update({ guard: total })
      return [loss, total]
    })
    const [, total] = await step(tensor([3, 4]))
    expect(await total.item()).toBe(5)
    expectClose(await p.data(), [-0.6, -0.8], near)
    const [, infinite] = await step(tensor([3, Number.POSITIVE_INFINITY]))
    expect(await infinite.item()).toBe(Number.POSITIVE_INFINITY)
    expectClose(await p.data(), [-0.6, -0.8], near)
  })

  it('gives its norm after the step as well', async () => {
    const p = variable(Float32Array.of(1, 2), [2], { requiresGrad: true })
    p.square().sum().backward()
    const total = optim.clipGradNorm([p], 1)
    await optim.sgd([p]).step()
    expect(await total.item()).toBeCloseTo(Math.sqrt(20), 5)
  })
})

describe('clipGradValue', () => {
  it.each(value)('to $limit', async ({ limit, gradients }) => {
    const list = parameters()
    optim.clipGradValue(list, limit)
    await expectGradients(list, gradients)
  })
})
