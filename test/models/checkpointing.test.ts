import { expect, it } from 'vitest'
import { compile } from '../../src/compiler/compile.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import { createModel } from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { grad, tensor } from '../../src/tensor/index.ts'

const target: Target = {
  convCosts: builtInConvCosts,
  packedMatrixBytes: (k, n) => 4 * k * n,
  packedConvBytes: (_, { kernel }, outChannels, inChannels) =>
    4 * kernel[0] * kernel[1] * outChannels * inChannels,
}

/** Bytes of memory that a training step on `batch` images is planned to need for intermediate values. */
async function plannedBytes(
  name: string,
  batch: number,
  side: number,
  checkpointing: boolean,
): Promise<number> {
  const network = await createModel(name)
  network.setGradientCheckpointing(checkpointing)
  const images = tensor(new Float32Array(batch * 3 * side * side), [batch, 3, side, side])
  const loss = F.crossEntropy(network.forward(images), tensor(new Int32Array(batch), [batch]))
  const gradients = grad(loss, network.parameters())
  const recorded = record([loss, ...gradients].map(({ node }) => node))
  return compile(abstractGraph(recorded), target).program.arenaBytes
}

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
  const kept = await plannedBytes(name, batch, side, false)
  const recomputed = await plannedBytes(name, batch, side, true)
  expect(recomputed / kept).toBeLessThan(share)
})
