import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as nn from '../../../src/nn/index.ts'
import { grad, realize, type Tensor, tensor } from '../../../src/tensor/index.ts'

interface Values {
  readonly shape: readonly number[]
  readonly values: string
}

interface Case {
  readonly layer: string
  readonly arguments: readonly unknown[]
  readonly training: boolean
  readonly state: Readonly<Record<string, Values>>
  readonly input: Values
  readonly output: Values
  readonly gradients: readonly string[]
  readonly after: Readonly<Record<string, string>>
}

/** What PyTorch's layers compute, written by fixtures/generate.py. */
const cases = JSON.parse(readFileSync(new URL('fixtures/layers.json', import.meta.url), 'utf8')) as Case[]

const numbersIn = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number))
const tensorOf = ({ shape, values }: Values): Tensor => tensor(numbersIn(values), shape)

async function expectClose(actual: Tensor, expected: string, what: string): Promise<void> {
  const numbers = numbersIn(expected)
  const values = await actual.data()
  expect(values.length, what).toBe(numbers.length)
  const largest = Math.max(...numbers.map(Math.abs), 1e-3)
  for (const [i, value] of numbers.entries()) {
    expect(Math.abs(values[i]! - value), `${what}, element ${i}`).toBeLessThan(5e-6 * largest)
  }
}

type AnyLayer = new (...args: readonly unknown[]) => nn.Module

describe('layers as PyTorch', () => {
  const named = cases.map((entry) => {
    const args = entry.arguments.map((argument) => JSON.stringify(argument)).join(', ')
    return [`${entry.layer}(${args})${entry.training ? '' : ' in evaluation'}`, entry] as const
  })
  test.each(named)('%s', async (_, entry) => {
    const Layer = (nn as unknown as Record<string, AnyLayer>)[entry.layer]!
    const layer = new Layer(...entry.arguments).train(entry.training)
    expect([...layer.stateDict().keys()]).toEqual(Object.keys(entry.state))
    layer.loadStateDict(
      new Map(Object.entries(entry.state).map(([name, values]) => [name, tensorOf(values)])),
    )
    const x = tensorOf(entry.input)
    x.requiresGrad = true
    const y: Tensor = layer.forward(x)
    expect(y.shape).toEqual(entry.output.shape)
    const weights = tensor(
      Array.from({ length: y.size }, (_, j) => Math.cos(0.7 * j + 0.3)),
      y.shape,
    )
    const gradients = grad([y], [x, ...layer.parameters()], { gradients: [weights] })
    await realize(y, ...gradients)
    await expectClose(y, entry.output.values, 'output')
    for (const [i, gradient] of gradients.entries()) {
      await expectClose(gradient, entry.gradients[i]!, `gradient ${i}`)
    }
    for (const [name, value] of layer.stateDict()) await expectClose(value, entry.after[name]!, name)
  })
})
