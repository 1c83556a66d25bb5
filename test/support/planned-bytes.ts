import { compile } from '../../src/compiler/compile.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import type { Network } from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { grad, tensor } from '../../src/tensor/index.ts'

const target: Target = {
  convCosts: builtInConvCosts,
  packedMatrixBytes: (k, n) => 4 * k * n,
  packedConvBytes: (_, { kernel }, outChannels, inChannels) =>
    4 * kernel[0] * kernel[1] * outChannels * inChannels,
}

/** Bytes of memory that a training step on `batch` images is planned to need for intermediate values. */
export function plannedBytes(network: Network, batch: number, side: number): number {
  const images = tensor(new Float32Array(batch * 3 * side * side), [batch, 3, side, side])
  const loss = F.crossEntropy(network.forward(images), tensor(new Int32Array(batch), [batch]))
  const gradients = grad(loss, network.parameters())
  const recorded = record([loss, ...gradients].map(({ node }) => node))
  return compile(abstractGraph(recorded), target).program.arenaBytes
}
