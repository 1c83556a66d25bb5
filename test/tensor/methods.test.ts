import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type DType, grad, realize, Tensor, tensor } from '../../src/tensor/index.ts'

interface TensorData {
  readonly tensor: string
  readonly shape: readonly number[]
  readonly dtype: DType
}

interface Case {
  readonly method: string
  readonly self: TensorData
  readonly arguments: readonly unknown[]
  readonly outputs: readonly TensorData[]
  readonly gradients?: readonly (string | null)[]
}

/** What PyTorch computes, written by fixtures/generate.py. */
const cases = JSON.parse(readFileSync(new URL('fixtures/methods.json', import.meta.url), 'utf8')) as Case[]

const numbersIn = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number))

function isTensorData(value: unknown): value is TensorData {
  return typeof value === 'object' && value !== null && 'tensor' in value
}

function describeArgument(value: unknown): string {
  return isTensorData(value) ? `${value.dtype} [${value.shape.join()}]` : JSON.stringify(value)
}

async function expectClose(actual: Tensor, expected: string, what: string): Promise<void> {
  const numbers = numbersIn(expected)
  const values = [...(await actual.data())]
  if (actual.dtype !== 'float32') return expect(values, what).toEqual(numbers)
  const largest = Math.max(...numbers.map(Math.abs), 1e-3)
  expect(values.length, what).toBe(numbers.length)
  for (const [i, value] of numbers.entries()) {
    expect(Math.abs(values[i]! - value), `${what}, element ${i}`).toBeLessThan(3e-6 * largest)
  }
}

const methods = [...new Set(cases.map(({ method }) => method))]

describe.each(methods)('%s as PyTorch', (method) => {
  const own = cases
    .filter((entry) => entry.method === method)
    .map((entry) => [[entry.self, ...entry.arguments].map(describeArgument).join(', '), entry] as const)
  test.each(own)('(%s)', async (_, entry) => {
    const operands: Tensor[] = []
    const revive = (value: unknown): unknown => {
      if (!isTensorData(value)) return value
      const t = tensor(numbersIn(value.tensor), value.shape, { dtype: value.dtype })
      if (entry.gradients?.[operands.length]) t.requiresGrad = true
      operands.push(t)
      return t
    }
    const self = revive(entry.self) as unknown as Record<string, (...args: readonly unknown[]) => unknown>
    const args = entry.arguments.map(revive)
    const result = self[method]!(...args) as Tensor | Readonly<Record<string, Tensor>> | readonly Tensor[]
    const outputs: readonly Tensor[] = result instanceof Tensor ? [result] : Object.values(result)
    expect(outputs.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
      entry.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    )
    const leaves = operands.filter(({ requiresGrad }) => requiresGrad)
    const floating = [...outputs.entries()].filter(([, { requiresGrad }]) => requiresGrad)
    const cotangents = floating.map(([i, { size, shape }]) =>
      tensor(
        Array.from({ length: size }, (_, j) => Math.cos(0.7 * j + 0.3 + i)),
        shape,
      ),
    )
    const gradients =
      leaves.length > 0
        ? grad(
            floating.map(([, output]) => output),
            leaves,
            { gradients: cotangents },
          )
        : []
    await realize(...outputs, ...gradients)
    for (const [i, output] of outputs.entries()) {
      await expectClose(output, entry.outputs[i]!.tensor, `output ${i}`)
    }
    const wanted = (entry.gradients ?? []).filter((g) => g !== null)
    expect(gradients).toHaveLength(wanted.length)
    for (const [i, gradient] of gradients.entries()) await expectClose(gradient, wanted[i]!, `gradient ${i}`)
  })
})
