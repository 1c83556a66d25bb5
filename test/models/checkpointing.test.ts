import { expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { plannedBytes } from '../support/planned-bytes.ts'

it.each([
  ['vgg11_bn', 2, 128, 0.5],
  ['vgg16', 2, 128, 0.7],
  ['alexnet', 8, 224, 0.7],
  ['alexnet_2012', 4, 227, 0.7],
  ['squeezenet1_0', 2, 128, 0.6],
  ['squeezenet1_1', 2, 128, 0.55],
  ['resnet18', 2, 128, 0.8],
  ['resnet20_cifar10', 8, 32, 0.75],
  ['mobilenet_v2', 2, 128, 0.4],
])('%s needs less memory with gradient checkpointing', async (name, batch, side, share) => {
  const network = await createModel(name)
  const kept = plannedBytes(network, batch, side)
  network.setGradientCheckpointing()
  const recomputed = plannedBytes(network, batch, side)
  expect(recomputed / kept).toBeLessThan(share)
})
