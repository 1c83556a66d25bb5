import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { compile } from '../../src/compiler/compile.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import { createModel } from '../../src/models/index.ts'
import { RevNet } from '../../src/models/revnet.ts'
import { F } from '../../src/nn/index.ts'
import {
  getBackend,
  grad,
  manualSeed,
  realize,
  setBackend,
  type Tensor,
  tensor,
} from '../../src/tensor/index.ts'

const target: Target = {
  convCosts: builtInConvCosts,
  packedMatrixBytes: (k, n) => 4 * k * n,
  packedConvBytes: (_, { kernel }, outChannels, inChannels) =>
    4 * kernel[0] * kernel[1] * outChannels * inChannels,
}

const shape = [8, 3, 32, 32]
const images = tensor(signedOf('revnet', 'images', shape), shape)
const labels = tensor(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), [8])

function network(units: number, reversible: boolean): RevNet {
  manualSeed(1)
  const spec = { filters: [32, 32, 64, 112], units: [units, units, units], bottleneck: false, large: false }
  return new RevNet({ ...spec, numClasses: 10 }, { reversible })
}

function lossAndGradients(net: RevNet): readonly Tensor[] {
  const loss = F.crossEntropy(net.forward(images), labels)
  return [loss, ...grad(loss, net.parameters())]
}

function plannedBytes(units: number, reversible: boolean): number {
  const recorded = record(lossAndGradients(network(units, reversible)).map(({ node }) => node))
  return compile(abstractGraph(recorded), target).program.arenaBytes
}

describe('reversible units', () => {
  it('keep the planned memory of a training step flat in the depth', () => {
    const [shallow, deep] = [plannedBytes(3, true), plannedBytes(12, true)]
    const [plainShallow, plainDeep] = [plannedBytes(3, false), plannedBytes(12, false)]
    expect(deep / shallow).toBeLessThan(1.25)
    expect(plainDeep / plainShallow).toBeGreaterThan(2.5)
    expect(deep / plainDeep).toBeLessThan(0.4)
  })

  it.each([true, false])(
    'have the gradients of the plain graph (training: %s)',
    { timeout: 180_000 },
    async (training) => {
      const { name } = (await getBackend()).info
      // In single precision a rounded activation near 0 may pass or not, which changes gradients by far more than rounding.
      await setBackend('reference')
      try {
        const results: Tensor[][] = []
        const small = [4, 3, 8, 8]
        const seen = tensor(signedOf('revnet', 'small', small), small)
        for (const reversible of [true, false]) {
          manualSeed(1)
          const spec = { filters: [4, 4, 8, 12], units: [3, 2, 3], bottleneck: false, large: false }
          const net = new RevNet({ ...spec, numClasses: 4 }, { reversible })
          net.train(training)
          const loss = F.crossEntropy(net.forward(seen), tensor(Int32Array.of(0, 1, 2, 3), [4]))
          const values = [loss, ...grad(loss, net.parameters())]
          await realize(...values)
          results.push(values)
          // The batch was counted once.
          const counts = net.namedBuffers().filter(([key]) => key.endsWith('num_batches_tracked'))
          for (const [, count] of counts) expect(await count.item()).toBe(training ? 1 : 0)
        }
        const [rebuilt, plain] = results as [Tensor[], Tensor[]]
        for (const [i, expected] of plain.entries()) {
          const largest = await expected.abs().max().item()
          expect(largest).toBeGreaterThan(0)
          const difference = await rebuilt[i]!.sub(expected).abs().max().item()
          expect(difference / largest, String(i)).toBeLessThan(1e-5)
        }
      } finally {
        await setBackend(name)
      }
    },
  )

  it('leave frozen parameters alone', async () => {
    const net = network(2, true)
    const frozen = net.namedParameters().filter(([name]) => name.startsWith('unit_2.1.f'))
    for (const [, parameter] of frozen) parameter.requiresGrad = false
    F.crossEntropy(net.forward(images), labels).backward()
    expect(frozen.every(([, { grad: gradient }]) => gradient === null)).toBe(true)
    const others = net.parameters().filter(({ requiresGrad }) => requiresGrad)
    expect(others.every(({ grad: gradient }) => gradient !== null)).toBe(true)
  })

  it('say that they have no second derivatives', () => {
    const net = network(2, true)
    const loss = F.crossEntropy(net.forward(images), labels)
    expect(() => grad(loss, net.parameters(), { createGraph: true })).toThrow('reversible: false')
  })
})

it('parameters have the names of the published file, dotted', async () => {
  const names = [...(await createModel('revnet104')).stateDict().keys()]
  expect(names.slice(0, 2)).toEqual(['init.init_conv.weight', 'init.init_bn.weight'])
  for (const name of [
    'unit_3.5.f.sub2.bn2.weight',
    'unit_2.0.x1_bottleneck.project.weight',
    'unit_last.final_bn.bias',
  ]) {
    expect(names).toContain(name)
  }
  expect(names).not.toContain('unit_1.0.f.sub1.bn1.weight')
})
