import { describe, expect, it } from 'vitest'
import {
  createModel,
  freezeBackbone,
  frozenNormalization,
  layerGroups,
  type Network,
  parameterGroups,
  unfreezeStages,
} from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { adamW } from '../../src/optim/index.ts'
import { randn, tensor } from '../../src/tensor/index.ts'

const trained = (network: Network): string[] =>
  network
    .namedParameters()
    .filter(([, { requiresGrad }]) => requiresGrad)
    .map(([name]) => name)

describe('layers by depth', () => {
  it('are the stages, the stem with the first of them, and the head', async () => {
    const network = await createModel('resnet18')
    const groups = layerGroups(network)
    expect(groups.map(({ name }) => name)).toEqual(['layer1', 'layer2', 'layer3', 'layer4', 'head'])
    expect(groups[0]!.parameters[0]![0]).toBe('conv1.weight')
    expect(groups[1]!.parameters.every(([name]) => name.startsWith('layer2.'))).toBe(true)
    expect(groups[4]!.parameters.map(([name]) => name)).toEqual(['fc.weight', 'fc.bias'])
  })

  it('include those of stages that end in a layer without parameters', async () => {
    const groups = layerGroups(await createModel('alexnet'))
    expect(groups.map(({ parameters }) => parameters.map(([name]) => name))).toEqual([
      ['features.0.weight', 'features.0.bias'],
      ['features.3.weight', 'features.3.bias'],
      ['features.6', 'features.8', 'features.10'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
      ['classifier.1', 'classifier.4', 'classifier.6'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    ])
  })

  it.each(['vgg11_bn', 'mobilenet_v2', 'squeezenet1_1', 'resnet20_cifar10', 'lenet5'])(
    'of %s hold every parameter once',
    async (name) => {
      const network = await createModel(name)
      const names = layerGroups(network).flatMap(({ parameters }) => parameters.map(([path]) => path))
      expect(names.toSorted()).toEqual(
        network
          .namedParameters()
          .map(([path]) => path)
          .toSorted(),
      )
    },
  )
})

describe('freezing', () => {
  it('leaves the classifier', async () => {
    const network = await createModel('resnet18')
    freezeBackbone(network)
    expect(trained(network)).toEqual(['fc.weight', 'fc.bias'])
    expect(frozenNormalization(network)).toHaveLength(20)
  })

  it('ends stage by stage, without normalization unless asked for', async () => {
    const network = await createModel('resnet18')
    unfreezeStages(network, 1)
    expect(trained(network)).toEqual([
      ...['0.conv1', '0.conv2', '0.downsample.0', '1.conv1', '1.conv2'].map(
        (name) => `layer4.${name}.weight`,
      ),
      'fc.weight',
      'fc.bias',
    ])
    expect(frozenNormalization(network)).toHaveLength(20)
    unfreezeStages(network, 1, { normalization: true })
    expect(trained(network)).toContain('layer4.0.bn1.bias')
    expect(frozenNormalization(network)).toHaveLength(15)
    unfreezeStages(network, 4, { normalization: true })
    expect(trained(network)).toHaveLength(62)
    expect(() => unfreezeStages(network, 5)).toThrow('the network has 4 stages, got 5')
  })
})

describe('groups for an optimizer', () => {
  it('have rates that fall towards the input, and no decay of vectors', async () => {
    const network = await createModel('resnet18', { numClasses: 3 })
    unfreezeStages(network, 2)
    const groups = parameterGroups(network, { lr: 0.1, stageDecay: 0.5, weightDecay: 0.01 })
    expect(groups.map(({ lr, weightDecay, params }) => [lr, weightDecay, params.length])).toEqual([
      [0.025, 0.01, 5],
      [0.05, 0.01, 5],
      [0.1, 0.01, 1],
      [0.1, 0, 1],
    ])
    const all = parameterGroups(await createModel('resnet18'), { lr: 0.1 })
    expect(all.reduce((sum, { params }) => sum + params.length, 0)).toBe(62)
    expect(() => parameterGroups(network, { lr: 1, stageDecay: 0 })).toThrow('stageDecay must be above 0')
  })

  it('leave frozen layers as they are, and train the others', async () => {
    const network = await createModel('resnet20_cifar10', { numClasses: 3 })
    unfreezeStages(network, 1)
    const watched = ['conv1.weight', 'layer3.0.conv1.weight', 'layer3.0.bn1.weight', 'linear.weight'].map(
      (name) => new Map(network.namedParameters()).get(name)!,
    )
    const before = await Promise.all(watched.map((parameter) => parameter.data()))
    const optimizer = adamW(parameterGroups(network, { lr: 0.01, stageDecay: 0.5 }), { lr: 0.01 })
    F.crossEntropy(
      network.forward(randn([4, 3, 32, 32])),
      tensor([0, 1, 2, 0], [4], { dtype: 'int32' }),
    ).backward()
    await optimizer.step()
    const after = await Promise.all(watched.map((parameter) => parameter.data()))
    const moved = after.map((values, i) =>
      Math.max(...values.map((value, j) => Math.abs(value - before[i]![j]!))),
    )
    expect(moved[0]).toBe(0)
    expect(moved[1]).toBeCloseTo(0.005, 4)
    expect(moved[2]).toBe(0)
    expect(moved[3]).toBeCloseTo(0.01, 4)
  })
})
