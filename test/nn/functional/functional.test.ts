import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { type DType, grad, Tensor, tensor } from '../../../src/tensor/index.ts'

interface TensorData {
  readonly tensor: string
  readonly shape: readonly number[]
  readonly dtype: DType
}

interface Case {
  readonly function: string
  readonly arguments: readonly unknown[]
  readonly outputs: readonly { readonly shape: readonly number[]; readonly values: string }[]
  readonly gradients?: readonly (string | null)[]
  readonly running?: {
    readonly momentum: number
    readonly eps: number
    readonly before: readonly string[]
    readonly after: readonly string[]
  }
}

/** What PyTorch computes, written by fixtures/generate.py. */
const cases = JSON.parse(
  readFileSync(resolve(import.meta.dirname, 'fixtures/functional.json'), 'utf8'),
) as Case[]

/** Values are written in one string; 'nan' and 'inf' as Python writes them. */
function numbersIn(text: string): number[] {
  const words = text === '' ? [] : text.split(' ')
  return words.map((word) => (word.endsWith('inf') ? Number(word.replace('inf', 'Infinity')) : Number(word)))
}

function isTensorData(value: unknown): value is TensorData {
  return typeof value === 'object' && value !== null && 'tensor' in value
}

function revive(value: unknown, made: Tensor[], wanted: Case['gradients']): unknown {
  if (isTensorData(value)) {
    const t = tensor(numbersIn(value.tensor), value.shape, { dtype: value.dtype })
    if (wanted?.[made.length]) t.requiresGrad = true
    made.push(t)
    return t
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner, made, wanted)]))
  }
  return value
}

function describeArgument(value: unknown): string {
  if (isTensorData(value)) return `[${value.shape.join()}]`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  return `{${Object.entries(value).map(([key, inner]) => `${key}: ${describeArgument(inner)}`)}}`
}

function cotangent(output: Tensor, index: number): Tensor {
  const values = Array.from({ length: output.size }, (_, j) => Math.cos(0.7 * j + 0.3 + index))
  return tensor(values, output.shape)
}

function expectClose(actual: ArrayLike<number>, expected: string, what: string): void {
  const numbers = numbersIn(expected)
  expect(actual.length, what).toBe(numbers.length)
  const largest = Math.max(...numbers.filter(Number.isFinite).map(Math.abs), 1)
  for (const [i, value] of numbers.entries()) {
    const got = actual[i]!
    if (Number.isFinite(value) && Math.abs(got - value) <= 3e-6 * largest) continue
    expect(got, `${what}, element ${i}`).toBe(value)
  }
}

function runCase(entry: Case): { inputs: Tensor[]; outputs: Tensor[]; running: Tensor[] } {
  const inputs: Tensor[] = []
  const args = entry.arguments.map((a) => revive(a, inputs, entry.gradients))
  const running = (entry.running?.before ?? []).map((values) => tensor(numbersIn(values)))
  if (entry.running) {
    const { momentum, eps } = entry.running
    Object.assign(args[1] as object, { runningMean: running[0], runningVar: running[1], momentum, eps })
  }
  const call = (F as unknown as Record<string, (...args: unknown[]) => unknown>)[entry.function]
  if (!call) throw new Error(`F.${entry.function} is not there`)
  const result = call(...args)
  const outputs = result instanceof Tensor ? [result] : Object.values(result as Record<string, Tensor>)
  return { inputs, outputs, running }
}

const names = [...new Set(cases.map((entry) => entry.function))]

describe.each(names)('F.%s as PyTorch', (name) => {
  const own = cases
    .filter((entry) => entry.function === name)
    .map((entry) => [entry.arguments.map(describeArgument).join(', '), entry] as const)
  test.each(own)('(%s)', async (_, entry) => {
    const { inputs, outputs, running } = runCase(entry)
    expect(outputs.map((o) => o.shape)).toEqual(entry.outputs.map((o) => o.shape))
    if (entry.gradients) {
      const leaves = inputs.filter((_, i) => entry.gradients![i])
      const floating = outputs.filter((o) => o.dtype === 'float32')
      const found = grad(floating, leaves, { gradients: floating.map(cotangent) })
      const wanted = entry.gradients.filter((g) => g !== null)
      for (const [i, g] of found.entries()) expectClose(await g.data(), wanted[i]!, `gradient ${i}`)
    }
    for (const [i, output] of outputs.entries()) {
      expectClose(await output.data(), entry.outputs[i]!.values, `output ${i}`)
    }
    for (const [i, t] of running.entries()) {
      expectClose(await t.data(), entry.running!.after[i]!, `running statistic ${i}`)
    }
  })
})
