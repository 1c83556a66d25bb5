import { expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { type DctFilterOptions, dctFilters, HarmonicConv2d } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { noGrad, tensor } from '../../src/tensor/index.ts'

it.each([3, 7])('cosine filters of size %d are orthogonal, with magnitudes that add up to 1', (k) => {
  const filters = dctFilters(k)
  expect(filters).toHaveLength(k * k)
  for (const [i, a] of filters.entries()) {
    expect(a.reduce((sum, value) => sum + Math.abs(value), 0)).toBeCloseTo(1, 12)
    for (const b of filters.slice(i + 1)) {
      expect(a.reduce((sum, value, at) => sum + value * b[at]!, 0)).toBeCloseTo(0, 12)
    }
  }
})

it.each<[DctFilterOptions, number]>([
  [{ level: 3 }, 6],
  [{ level: 2 }, 3],
  [{ level: 4 }, 8],
  [{ level: 2, constant: false }, 2],
])('with %j there are %d filters of size 3, the low frequencies', (options, count) => {
  const filters = dctFilters(3, options)
  expect(filters).toHaveLength(count)
  if (options.constant !== false) for (const value of filters[0]!) expect(value).toBeCloseTo(1 / 9, 12)
})

it('a harmonic convolution is the sum of convolutions with the filters, weighted', async () => {
  const layer = new HarmonicConv2d(4, 6, 3, { stride: 2, padding: 1, groups: 2, level: 3 })
  const x = tensor(signedOf('harmnet', 'x', [2, 4, 7, 6]), [2, 4, 7, 6])
  const y = noGrad(() => layer.forward(x))
  const byFilter = noGrad(() =>
    dctFilters(3, { level: 3 }).map((filter, i) => {
      const bank = tensor(
        [0, 1, 2, 3].flatMap(() => filter),
        [4, 1, 3, 3],
      )
      const response = F.conv2d(x, bank, null, { stride: 2, padding: 1, groups: 4 })
      return F.conv2d(response, layer.weight.select(2, i), null, { groups: 2 })
    }),
  )
  const expected = noGrad(() => byFilter.reduce((a, b) => a.add(b)).add(layer.bias!.reshape(1, 6, 1, 1)))
  expect(await y.sub(expected).abs().max().item()).toBeLessThan(1e-5)
})

it('weights are trained, filters are not', async () => {
  const network = await createModel('harm_wrn28_10_cifar10', { depth: 10, width: 1 })
  expect(network.namedParameters().filter(([name]) => name.includes('dct'))).toEqual([])
  expect([...network.stateDict().keys()].slice(0, 3)).toEqual(['dct0', 'dct', 'harmonic0.conv'])
})

it.each([
  ['harm_resnet50', { levels: [null, null, 3, 2] }, 19_658_792],
  ['harm_resnet50', { pool: 'avg' }, 25_557_032],
  ['harm_resnet50', { harmResBlocks: false }, 25_557_032],
  ['harm_wrn28_10_cifar10', { level: 3 }, 24_413_914],
  ['harm_wrn28_10_cifar10', { level: 2, numClasses: 100 }, 12_406_324],
])('%s with %j has %i parameters', async (name, options, parameters) => {
  const network = await createModel(name, options)
  expect(network.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(parameters)
})

it('says which options do not fit', async () => {
  await expect(createModel('harm_resnet50', { levels: [3] })).rejects.toThrow(
    'levels must be four of null or a number',
  )
  await expect(createModel('harm_wrn28_10_cifar10', { depth: 20 })).rejects.toThrow(
    'depth must be 6n + 4, got 20',
  )
  await expect(createModel('harm1_wrn28_10_cifar10', { level: 2 })).rejects.toThrow('leave level out')
})
