import { expect, it } from 'vitest'
import type { AmoebaNet } from '../../src/models/amoebanet.ts'
import { createModel } from '../../src/models/index.ts'
import { DropPath } from '../../src/nn/index.ts'
import { zeros } from '../../src/tensor/index.ts'

const small = { numCells: 3, filters: 16, numClasses: 5 }

it('has an auxiliary classifier in training, if asked for, which counts 0.4 in the loss', async () => {
  const network = (await createModel('amoebanet_a_mobile_n12_f50', {
    ...small,
    auxLogits: true,
  })) as AmoebaNet
  const images = zeros([2, 3, 224, 224])
  expect(network.forwardAll(images).map(({ shape }) => shape)).toEqual([
    [2, 5],
    [2, 5],
  ])
  expect(network.lossWeights).toEqual([1, 0.4])
  network.resetClassifier(7)
  expect(network.forwardAll(images).map(({ shape }) => shape[1])).toEqual([7, 7])
  network.eval()
  expect(network.forwardAll(images)).toHaveLength(1)
  expect((await createModel('amoebanet_a_mobile_n12_f50', small)).train().forwardAll(images)).toHaveLength(1)
})

it('drops paths of every operation that is not the identity', async () => {
  const network = (await createModel('amoebanet_a_cifar_n18_f32', {
    ...small,
    dropPathRate: 0.3,
  })) as AmoebaNet
  const paths = network.modules().filter((module): module is DropPath => module instanceof DropPath)
  // Three normal cells with eight operations besides two of 'none', and two reductions with ten.
  expect(paths).toHaveLength(3 * 8 + 2 * 10)
  expect(new Set(paths.map(({ p }) => p))).toEqual(new Set([0.3]))
  network.setDropPathRate(0.1)
  expect(new Set(paths.map(({ p }) => p))).toEqual(new Set([0.1]))
})
