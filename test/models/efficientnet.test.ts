import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { compile } from '../../src/compiler/compile.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import { LukemelasEfficientNet } from '../../src/models/efficientnet-lukemelas.ts'
import { createModel, type ModelOptions, modelMetadata } from '../../src/models/index.ts'
import { DropPath } from '../../src/nn/index.ts'
import { grad, manualSeed, noGrad, realize, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'

async function lukemelas(name: string, options: ModelOptions = {}): Promise<LukemelasEfficientNet> {
  manualSeed(3)
  const network = await createModel(name, options)
  if (!(network instanceof LukemelasEfficientNet)) throw new Error(`${name} is another network`)
  return network
}

const images = (height: number, width: number): Tensor =>
  tensor(signedOf('efficientnet', 'images', [2, 3, height, width]), [2, 3, height, width])

const shapesOf = (state: ReadonlyMap<string, Tensor>) => [...state].map(([name, { shape }]) => [name, shape])

describe('EfficientNet with the names of lukemelas', () => {
  it('gives the last map of each reduction level', async () => {
    const network = (await lukemelas('efficientnet-b0')).eval()
    const endpoints = network.extractEndpoints(zeros([1, 3, 224, 224]))
    expect(Object.fromEntries(Object.entries(endpoints).map(([key, { shape }]) => [key, shape]))).toEqual({
      reduction_1: [1, 16, 112, 112],
      reduction_2: [1, 24, 56, 56],
      reduction_3: [1, 40, 28, 28],
      reduction_4: [1, 112, 14, 14],
      reduction_5: [1, 320, 7, 7],
      reduction_6: [1, 1280, 7, 7],
    })
    const [levels, last] = noGrad(() => [
      network.extractEndpoints(images(64, 64)),
      network.forwardFeatures(images(64, 64)),
    ])
    await realize(levels.reduction_6, last)
    expect(await levels.reduction_6.data()).toEqual(await last.data())
  })

  it('is scaled by its coefficients', async () => {
    const scaled = await lukemelas('efficientnet-b0', { widthCoefficient: 1.4, depthCoefficient: 1.8 })
    expect(shapesOf(scaled.stateDict())).toEqual(shapesOf((await lukemelas('efficientnet-b4')).stateDict()))
    const coarse = await lukemelas('efficientnet-b0', {
      widthCoefficient: 0.5,
      depthDivisor: 16,
      minDepth: 32,
    })
    expect(coarse.featureInfo.map(({ channels }) => channels)).toEqual([32, 32, 32, 64, 160])
  })

  it('knows the size of its images by its name', () => {
    expect(LukemelasEfficientNet.imageSize('efficientnet-b0')).toBe(224)
    expect(LukemelasEfficientNet.imageSize('efficientnet-b7')).toBe(600)
    expect(modelMetadata('efficientnet-b7').preprocessing.inputSize).toBe(600)
  })

  it('pads for the size that it is made for, or for whatever size comes', async () => {
    const map = async (
      imageSize: ModelOptions['imageSize'],
      height: number,
      width: number,
    ): Promise<number[]> => {
      const network = (await lukemelas('efficientnet-b0', { imageSize })).eval()
      const { reduction_3 } = noGrad(() => network.extractEndpoints(images(height, width)))
      return [...reduction_3.shape, ...(await reduction_3.data())]
    }
    const any = await map(null, 75, 61)
    expect(await map([75, 61], 75, 61)).toEqual(any)
    expect(await map(224, 75, 61)).not.toEqual(any)
    expect(await map(224, 64, 96)).toEqual(await map(null, 64, 96))
  })

  it('drops connections more the deeper they are', async () => {
    const rates = async (options: ModelOptions): Promise<number[]> =>
      (await lukemelas('efficientnet-b0', options))
        .modules()
        .filter((module) => module instanceof DropPath)
        .map(({ p }) => p)
    const usual = await rates({})
    expect(usual).toHaveLength(16)
    for (const [i, rate] of usual.entries()) expect(rate).toBeCloseTo((0.2 * i) / 16, 12)
    expect(await rates({ dropConnectRate: 0 })).toEqual(usual.map(() => 0))
  })

  it('ends in the descriptor without its top', async () => {
    const network = (await lukemelas('efficientnet-b0', { includeTop: false })).eval()
    expect(network.forward(zeros([1, 3, 64, 64])).shape).toEqual([1, 1280])
    expect(network.numClasses).toBe(0)
  })

  it('has weights for AdvProp, which see images in [-1, 1]', () => {
    for (const name of ['efficientnet-b8', 'tf_efficientnet_b8']) {
      const entry = modelMetadata(name).weights.find(({ tag }) => tag === 'ap_in1k')
      expect(entry?.preprocessing).toMatchObject({
        inputSize: 672,
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
      })
    }
  })
})

describe('both forms of the swish', () => {
  it('compute the same, and the same gradients', async () => {
    const results = []
    for (const memoryEfficient of [true, false]) {
      const network = (await lukemelas('efficientnet-b0')).eval()
      network.setSwish(memoryEfficient)
      const features = network.forwardFeatures(images(48, 48))
      const [gradient] = grad(features.sum(), [network._conv_stem.weight])
      await realize(features, gradient!)
      results.push([await features.data(), await gradient!.data()])
    }
    const [efficient, plain] = results as [Float32Array[], Float32Array[]]
    for (const [i, values] of plain.entries()) {
      const scale = Math.max(...values.map(Math.abs))
      for (const [j, value] of values.entries()) {
        expect(Math.abs(efficient[i]![j]! - value)).toBeLessThan(1e-5 * scale)
      }
    }
  })

  it('need different amounts of memory', async () => {
    const target: Target = {
      convCosts: builtInConvCosts,
      packedMatrixBytes: (k, n) => 4 * k * n,
      packedConvBytes: (_, { kernel }, outChannels, inChannels) =>
        4 * kernel[0] * kernel[1] * outChannels * inChannels,
    }
    const planned = async (memoryEfficient: boolean): Promise<number> => {
      const network = await lukemelas('efficientnet-b0', { memoryEfficient })
      const loss = network.forward(images(128, 128)).sum()
      const recorded = record([loss, ...grad(loss, network.parameters())].map(({ node }) => node))
      return compile(abstractGraph(recorded), target).program.arenaBytes
    }
    expect((await planned(true)) / (await planned(false))).toBeLessThan(0.95)
  })
})
