import { expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { Generator, tensor } from '../../../src/tensor/index.ts'

/** The number of windows as PyTorch documents it: rounded up, but none that starts beyond the image and its padding. */
function windowCount(size: number, kernel: number, stride: number, padding: number): number {
  const count = Math.ceil((size + 2 * padding - kernel) / stride) + 1
  return (count - 1) * stride >= size + padding ? count - 1 : count
}

test('ceilMode pools as documented, windows larger than the image included', async () => {
  const generator = new Generator(11)
  const draw = (low: number, high: number): number => low + generator.integer(high - low + 1)
  let larger = 0
  for (let trial = 0; trial < 300; trial++) {
    const [size, kernel, stride] = [draw(1, 6), draw(1, 6), draw(1, 4)]
    const padding = draw(0, Math.floor(kernel / 2))
    const options = { stride: [1, stride], padding: [0, padding], ceilMode: true } as const
    const row = Float32Array.from({ length: size }, () => generator.uniform(-1, 1))
    const x = tensor(row, [1, 1, 1, size])
    const count = windowCount(size, kernel, stride, padding)
    if (count < 1) {
      expect(() => F.maxPool2d(x, [1, kernel], options)).toThrow('smaller than the')
      expect(() => F.avgPool2d(x, [1, kernel], options)).toThrow('smaller than the')
      continue
    }
    if (kernel > size + 2 * padding) larger++
    const windows = Array.from({ length: count }, (_, i) => {
      const first = i * stride - padding
      const padded = Math.min(first + kernel, size + padding) - first
      return { inside: [...row.slice(Math.max(first, 0), Math.max(first + kernel, 0))], padded }
    })
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
    const close = async (y: Promise<ArrayLike<number>>, expected: readonly number[]): Promise<void> => {
      const values = Array.from(await y)
      expect(values.length).toBe(count)
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
    }
    await close(
      F.maxPool2d(x, [1, kernel], options).data(),
      windows.map(({ inside }) => Math.max(...inside)),
    )
    await close(
      F.avgPool2d(x, [1, kernel], options).data(),
      windows.map(({ inside, padded }) => sum(inside) / padded),
    )
    await close(
      F.avgPool2d(x, [1, kernel], { ...options, countIncludePad: false }).data(),
      windows.map(({ inside }) => sum(inside) / inside.length),
    )
  }
  expect(larger).toBeGreaterThan(20)
})
