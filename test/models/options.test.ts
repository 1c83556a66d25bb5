import { describe, expect, it } from 'vitest'
import { createModel, type ModelOptions, modelMetadata } from '../../src/models/index.ts'
import { LeNet5 } from '../../src/models/lenet.ts'
import { BatchNorm2d, GroupNorm } from '../../src/nn/index.ts'
import * as tensors from '../../src/tensor/index.ts'

describe('options that a network does not take', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'resnet20_cifar10',
      { numClasse: 5 },
      "createModel('resnet20_cifar10'): there is no option 'numClasse' (given as 5); did you mean numClasses? " +
        'It has numClasses, inChannels, shortcut',
    ],
    ['resnet20_cifar10', { shortcut: 'C' }, "shortcut must be 'A' or 'B', got 'C'"],
    ['lenet5', { activation: 'gelu' }, "activation must be 'relu' or 'tanh', got 'gelu'"],
    ['lenet5', { pooling: 'avg' }, "pooling must be 'max' or 'average', got 'avg'"],
    ['lenet5_dual_c2', { activation: 'relu' }, "there is no option 'activation' (given as 'relu')"],
    [
      'alexnet',
      { groups: 2 },
      "there is no option 'groups' (given as 2); it has numClasses, inChannels, dropout",
    ],
    ['alexnet_2012', { dropout: 2 }, 'dropout must be a number from 0 to 1, got 2'],
    ['vgg11', { numClasses: 0 }, 'numClasses must be an integer >= 1, got 0'],
    ['squeezenet1_1', { numClasses: '10' }, "numClasses must be an integer >= 1, got '10'"],
    ['resnet18', { zeroInitResidual: 1 }, 'zeroInitResidual must be true or false, got 1'],
    ['resnet18', { normLayer: 'group' }, "normLayer must be a function, got 'group'"],
    ['resnet50', { replaceStrideWithDilation: [true] }, 'must be three of true or false'],
    ['mobilenet_v2', { widthMult: Number.NaN }, 'widthMult must be a number, got NaN'],
    [
      'mobilenet_v2',
      { padding: 'sameTensorflow' },
      "padding must be 'symmetric' or 'sameTensorFlow', got 'sameTensorflow'; did you mean sameTensorFlow?",
    ],
  ])('%s with %j', async (name, options, message) => {
    await expect(createModel(name, options as ModelOptions)).rejects.toThrow(message)
  })

  it('and options that are undefined count as not given', async () => {
    expect((await createModel('lenet5', { numClasses: undefined } as never)).numClasses).toBe(10)
    const narrow = await createModel('mobilenetv2_050', { widthMult: undefined } as never)
    expect(narrow.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(
      modelMetadata('mobilenetv2_050').parameters,
    )
  })
})

describe('what a network of the registry knows of its images and weights', () => {
  it('is that of its metadata', async () => {
    for (const name of ['lenet5', 'resnet20_cifar10', 'squeezenet1_1']) {
      const network = await createModel(name)
      expect(network.preprocessing).toBe(modelMetadata(name).preprocessing)
      expect(network.weightEntries).toBe(modelMetadata(name).weights)
    }
  })

  it('can be replaced by that of the weights', async () => {
    const network = await createModel('resnet50')
    const [entry] = network.weightEntries
    network.preprocessing = entry!.preprocessing
    expect(network.preprocessing.resize).toBe(232)
    expect(network.namedParameters()).toHaveLength(161)
  })

  it('is asked for of a network made by hand', () => {
    const network = new LeNet5()
    expect(() => network.preprocessing).toThrow('LeNet5: nobody has said how it wants its images')
    expect(network.weightEntries).toEqual([])
  })
})

describe('ResNet', () => {
  it('says how its stages stride when they are dilated', async () => {
    const network = await createModel('resnet50', { replaceStrideWithDilation: [false, true, true] })
    expect(network.featureInfo.map(({ stride }) => stride)).toEqual([4, 8, 8, 8])
    expect(network.forwardPyramid(tensors.zeros([1, 3, 64, 64])).map(({ shape }) => shape[2])).toEqual([
      16, 8, 8, 8,
    ])
    await expect(
      createModel('resnet18', { replaceStrideWithDilation: [false, false, true] }),
    ).rejects.toThrow('dilation need a bottleneck network')
  })

  it.each([
    ['resnet18', 'bn2', 8],
    ['resnet50', 'bn3', 16],
  ])('%s starts its branches at zero if asked to', async (name, last, blocks) => {
    const network = await createModel(name, { zeroInitResidual: true })
    const weights = network
      .namedParameters()
      .filter(([path]) => path.startsWith('layer') && path.endsWith(`${last}.weight`))
    expect(weights).toHaveLength(blocks)
    for (const [, weight] of weights) expect(await weight.abs().max().item()).toBe(0)
    const usual = await createModel(name)
    expect(await (usual.getSubmodule(`layer1.0.${last}`) as BatchNorm2d).weight!.amin().item()).toBe(1)
  })

  it('takes another normalisation', async () => {
    const network = await createModel('resnet18', {
      normLayer: (channels: number) => new GroupNorm(8, channels),
      numClasses: 4,
    })
    expect(network.modules().filter((module) => module instanceof GroupNorm)).toHaveLength(20)
    expect(network.modules().filter((module) => module instanceof BatchNorm2d)).toHaveLength(0)
    expect(network.buffers()).toEqual([])
    const images = tensors.ones([2, 3, 32, 32])
    const scores = await network.forward(images).data()
    expect(scores.every(Number.isFinite)).toBe(true)
  })
})
