import { describe, expect, it } from 'vitest'
import {
  catalogueRows,
  createModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  type Network,
} from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { adam } from '../../src/optim/index.ts'
import {
  compile,
  getBackend,
  manualSeed,
  noGrad,
  randn,
  realize,
  stack,
  type Tensor,
  tensor,
} from '../../src/tensor/index.ts'
import { smallInput } from './small-input.ts'

const fast = (await getBackend()).info.name !== 'reference'

const numClasses = 4
const batch = 8
const steps = 30

const every = process.env.OCELLI_CONTRACT === 'all'

/** The lightest network of each row, with four classes; OCELLI_CONTRACT=all takes those too that take minutes. */
const representatives = catalogueRows.flatMap((row) => {
  const [lightest] = listModels()
    .filter((name) => modelMetadata(name).row === row)
    .sort((a, b) => modelMetadata(a).macs - modelMetadata(b).macs)
  if (lightest === undefined) return []
  const { parameters, macs } = modelMetadata(lightest)
  return every || (parameters < 2e7 && macs < 4e9) ? [[row, lightest] as const] : []
})

/** What Adam at 0.001 does not do for. */
const settings: Readonly<Record<string, { readonly lr?: number; readonly options?: ModelOptions }>> = {
  // Without normalization, and with tens of thousands of inputs to a neuron.
  prelunet_a: { lr: 1e-5 },
  // Without normalization: at 0.001 it may stay at the loss of a guess.
  alexnet: { lr: 1e-4 },
  // Without normalization, and its scores come out of a rectifier: at 0.001 it stays at the loss of a guess for 20 steps.
  squeezenet1_1: { lr: 3e-4 },
  // Whole columns dropped at random hide in 30 steps whether the loss falls.
  fractalnet_cifar10: { options: { localDropProb: 0, globalDropRatio: 0 } },
}

function inputOf(name: string): readonly number[] {
  return [batch, ...smallInput(modelMetadata(name))]
}

/** Cross-entropy where outputs are class scores, else the distance from fixed maps. */
function lossOf(
  network: Network,
  outputs: readonly Tensor[],
  labels: Tensor,
  goals: readonly Tensor[],
): Tensor {
  const terms = outputs.map((output, i) => {
    const weight = network.lossWeights[i] ?? network.lossWeights.at(-1)!
    const classifies = output.rank === 2 && output.shape[1] === numClasses
    return classifies ? F.crossEntropy(output, labels).mul(weight) : F.mseLoss(output, goals[i]!)
  })
  return terms.reduce((a, b) => a.add(b))
}

describe.skipIf(!fast).each(representatives)('%s (%s)', (_, name) => {
  const options: ModelOptions = { numClasses }

  it('learns eight images by heart', { timeout: 180_000 }, async () => {
    manualSeed(3)
    const { lr = 1e-3, options: more } = settings[name] ?? {}
    const network = await createModel(name, { ...options, ...more })
    const images = randn(inputOf(name))
    const labels = tensor(
      Int32Array.from({ length: batch }, (_, i) => i % numClasses),
      [batch],
    )
    await realize(images)
    network.train()
    const goals = noGrad(() => network.forwardAll(images)).map(({ shape }) => randn(shape).mul(0.1))
    await realize(...goals)
    const optimizer = adam(network.parameters(), { lr })
    const step = compile((x: Tensor, y: Tensor): readonly [Tensor] => {
      const loss = lossOf(network, network.forwardAll(x), y, goals)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.update()
      return [loss]
    })
    const losses: number[] = []
    for (let i = 0; i < steps; i++) {
      const [loss] = await step(images, labels)
      losses.push(await loss.item())
    }
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length
    expect(losses.every(Number.isFinite), losses.join(' ')).toBe(true)
    expect(mean(losses.slice(-5)), losses.map((loss) => loss.toFixed(3)).join(' ')).toBeLessThan(
      0.8 * mean(losses.slice(0, 2)),
    )
  })

  it('starts with activations of a sane scale, whatever the seed', { timeout: 180_000 }, async () => {
    const scales: (readonly number[])[] = []
    for (let seed = 0; seed < 10; seed++) {
      manualSeed(seed)
      const network = await createModel(name, options)
      const images = randn(inputOf(name))
      await realize(images)
      const spread = noGrad(() => {
        const maps = [...network.forwardPyramid(images), ...network.forwardAll(images)]
        return stack(maps.map((map) => map.square().mean().sqrt().reshape([])))
      })
      scales.push([...(await spread.data())])
    }
    for (const [seed, found] of scales.entries()) {
      for (const scale of found) {
        expect(scale, `seed ${seed}: ${found.map((value) => value.toExponential(1))}`).toBeGreaterThan(1e-4)
        expect(scale, `seed ${seed}: ${found.map((value) => value.toExponential(1))}`).toBeLessThan(1e3)
      }
    }
    expect(new Set(scales.map(String)).size).toBe(10)
  })
})
