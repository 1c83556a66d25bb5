import { describe, expect, it } from 'vitest'
import {
  attentionNames,
  BlurPool2d,
  Cbam,
  EfficientChannelAttention,
  efficientKernelSize,
  GatherExcite,
  GlobalContext,
  SelectiveKernel,
  SplitAttention,
} from '../../src/models/blocks/index.ts'
import { createModel, type ModelOptions, type Network } from '../../src/models/index.ts'
import { pyramidWidths } from '../../src/models/pyramidnet.ts'
import { nearestMultiple, regnetDesigns, regnetStages } from '../../src/models/regnet-design.ts'
import { Conv2d, Dropout, DropPath, GroupNorm, type Module } from '../../src/nn/index.ts'
import { concat, noGrad, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'

const ramp = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)),
    shape,
  )
}

async function valuesOf(x: Tensor): Promise<number[]> {
  return [...(await x.data())]
}

describe('attention in residual networks', () => {
  it.each(['resnet18', 'resnet50', 'resnet14t', 'skresnet18', 'resnet20_cifar10'])(
    'is an option of %s by every name',
    async (name) => {
      const plain = await createModel(name, { numClasses: 3 })
      for (const attention of attentionNames) {
        const network = await createModel(name, { numClasses: 3, attention })
        const added = [...network.stateDict().keys()].filter((key) => !plain.stateDict().has(key))
        expect(added.length, attention).toBeGreaterThan(0)
        for (const key of added) expect(key).toMatch(/^layer[1-4]\.\d+\.se\./)
        expect(network.eval().forward(zeros([2, 3, 64, 64])).shape, attention).toEqual([2, 3])
      }
    },
  )

  it('may be a layer of one’s own', async () => {
    const attention = (channels: number): Module => new EfficientChannelAttention(channels, { kernelSize: 9 })
    const network = await createModel('resnet18', { attention })
    expect(network.stateDict().get('layer4.1.se.conv.weight')!.shape).toEqual([1, 1, 9])
    network.setSubmodule('layer4.1.se', new EfficientChannelAttention(512, { kernelSize: 3 }))
    expect(network.stateDict().get('layer4.1.se.conv.weight')!.shape).toEqual([1, 1, 3])
  })

  it('leaves the names of plain networks alone, and refuses names that there are not', async () => {
    const names = [...(await createModel('resnet18')).stateDict().keys()]
    expect(names.filter((name) => name.includes('.se.'))).toEqual([])
    await expect(createModel('resnet18', { attention: 'cbma' })).rejects.toThrow("attention must be 'se'")
    await expect(createModel('resnet14t', { attention: 'x' })).rejects.toThrow('attention must be')
  })
})

describe('layers of attention', () => {
  const x = ramp(2, 8, 4, 4)

  it('have kernels of the odd size next to half the logarithm of the channels', () => {
    expect([16, 64, 128, 256, 512, 1024, 2048].map(efficientKernelSize)).toEqual([3, 3, 5, 5, 5, 5, 7])
    expect(() => new EfficientChannelAttention(8, { kernelSize: 4 })).toThrow('must be an odd number')
  })

  it('see the other end of the channels where they are circular', async () => {
    const [open, circular] = [false, true].map(
      (way) => new EfficientChannelAttention(8, { kernelSize: 3, circular: way }),
    )
    for (const layer of [open!, circular!]) layer.conv.weight.load(Float32Array.of(1, 0, 0))
    const factors = async (layer: Module): Promise<number[]> =>
      (await valuesOf(layer.forward(x.add(2)).div(x.add(2)).mean([2, 3]).select(0, 0))).map((value) =>
        Math.round(value * 1e4),
      )
    const [a, b] = [await factors(open!), await factors(circular!)]
    expect(a.slice(1)).toEqual(b.slice(1))
    expect(a[0]).toBe(5000)
    expect(b[0]).not.toBe(5000)
  })

  it('gather around each pixel to an extent', async () => {
    for (const options of [{ extent: 2 }, { extent: 4, extraParams: true }, { extent: 2, mlp: false }]) {
      const layer = new GatherExcite(8, options).eval()
      expect(layer.forward(x).shape).toEqual(x.shape)
    }
    expect(() => new GatherExcite(8, { extent: 3 })).toThrow('power of two')
    expect(() => new GatherExcite(8, { extraParams: true })).toThrow('needs an extent')
    // Without learnt parts the factor of a pixel is the sigmoid of the mean around it.
    const layer = new GatherExcite(1, { extent: 2, mlp: false })
    const y = await valuesOf(
      layer.forward(tensor([4, 4, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 4, 4])),
    )
    expect(y[0]).toBeCloseTo(4 / (1 + Math.exp(-4)), 5)
  })

  it('add the context or scale by it', () => {
    const names = (layer: Module): string[] => [...layer.stateDict().keys()].map((key) => key.split('.')[0]!)
    expect(new Set(names(new GlobalContext(8)))).toEqual(new Set(['conv_attn', 'mlp_scale']))
    const both = new GlobalContext(8, { attention: false, add: true, hidden: 2 })
    expect(new Set(names(both))).toEqual(new Set(['mlp_add', 'mlp_scale']))
    expect(both.forward(x).shape).toEqual(x.shape)
  })

  it('take as many channels and strides as they are told', () => {
    expect(
      new SelectiveKernel(8, { outChannels: 16, stride: 2, kernelSizes: [3, 5, 7, 9] }).eval().forward(x)
        .shape,
    ).toEqual([2, 16, 2, 2])
    expect(() => new SelectiveKernel(9)).toThrow('cannot be divided among 2 paths')
    expect(
      new SplitAttention(8, { outChannels: 16, stride: 2, groups: 2, radix: 4 }).eval().forward(x).shape,
    ).toEqual([2, 16, 2, 2])
    expect(new Cbam(8, { hidden: 3, kernelSize: 3 }).stateDict().get('channel.fc1.weight')!.shape).toEqual([
      3, 8, 1, 1,
    ])
  })

  it('mix splits by shares that sum to one', async () => {
    const image = ramp(2, 1, 5, 5)
    const layer = new SplitAttention(2, { radix: 2 })
    const kernel = Float32Array.from({ length: 18 }, (_, i) => Math.cos(i))
    layer.conv.weight.load(Float32Array.of(...kernel, ...kernel))
    const split = new Conv2d(1, 2, 3, { padding: 1, bias: false })
    split.weight.load(kernel)
    const [mixed, alone] = noGrad(
      () => [layer.forward(concat([image, image], 1)), split.forward(image).relu()] as const,
    )
    const [a, b] = [await valuesOf(mixed), await valuesOf(alone)]
    for (const [i, value] of b.entries()) expect(a[i]).toBeCloseTo(value, 5)
  })
})

describe('BlurPool2d', () => {
  it('blurs by a binomial filter over the mirrored image', async () => {
    const y = new BlurPool2d(1).forward(
      tensor([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 4, 4]),
    )
    expect(y.shape).toEqual([1, 1, 2, 2])
    expect(await valuesOf(y)).toEqual([0.25, 0, 0, 0])
    const wide = new BlurPool2d(2, { filterSize: 5, padMode: 'constant' })
    expect(wide.stateDict().size).toBe(0)
    expect((await valuesOf(wide.filter.sum([2, 3]))).map((value) => value.toFixed(6))).toEqual([
      '1.000000',
      '1.000000',
    ])
  })
})

describe('kernels of ECA-Net', () => {
  const kernels = (network: Network): number[] =>
    [1, 2, 3, 4].map((stage) => network.stateDict().get(`layer${stage}.0.eca.conv.weight`)!.shape[2]!)

  it('are those of the released networks unless given', async () => {
    expect(kernels(await createModel('eca_resnet18'))).toEqual([3, 5, 7, 7])
    expect(kernels(await createModel('eca_resnet101'))).toEqual([3, 3, 5, 7])
    expect(kernels(await createModel('eca_resnet50', { kSize: [9, 7, 5, 3] }))).toEqual([9, 7, 5, 3])
  })

  it.each<[string, ModelOptions, string]>([
    ['eca_resnet50', { kSize: [3, 3] }, 'must be four odd numbers'],
    ['eca_resnet50', { kSize: [3, 4, 3, 3] }, 'must be an odd number'],
    ['eca_mobilenet_v2', { kSize: 3 }, 'must be two odd numbers'],
  ])('of %s cannot be %j', async (name, options, message) => {
    await expect(createModel(name, options)).rejects.toThrow(message)
  })

  it('are two of ECA-MobileNetV2’s, by the width of a block', async () => {
    const network = await createModel('eca_mobilenet_v2', { kSize: [3, 5] })
    const size = (name: string): number => network.stateDict().get(name)!.shape[2]!
    expect([size('features.10.conv.4.conv.weight'), size('features.11.conv.4.conv.weight')]).toEqual([3, 5])
  })
})

describe('regularisation of residual networks', () => {
  it.each([
    ['resnet18d', 8],
    ['skresnet18', 8],
    ['resnest14d', 4],
    ['tresnet_m', 21],
    ['regnetx_002', 13],
  ])('drops branches of %s with probabilities that grow from 0', async (name, blocks) => {
    const network = await createModel(name, { dropPathRate: 0.3, dropRate: 0.4 })
    const rates = network.modules().flatMap((module) => (module instanceof DropPath ? [module.p] : []))
    expect(rates).toHaveLength(blocks)
    expect([rates[0], rates.at(-1)]).toEqual([0, 0.3])
    expect(rates[1]).toBeCloseTo(0.3 / (blocks - 1), 9)
    expect(network.modules().filter((module) => module instanceof Dropout && module.p === 0.4)).toHaveLength(
      1,
    )
  })

  it('starts branches at zero where timm does, and only there', async () => {
    const largest = async (name: string, key: string, options: ModelOptions = {}): Promise<number> =>
      Math.max(...(await valuesOf((await createModel(name, options)).stateDict().get(key)!)))
    expect(await largest('resnet18d', 'layer1.0.bn2.weight')).toBe(0)
    expect(await largest('resnet18d', 'layer1.0.bn2.weight', { zeroInitLast: false })).toBe(1)
    expect(await largest('skresnet18', 'layer1.0.conv2.bn.weight')).toBe(1)
    expect(await largest('regnetx_002', 's1.b1.conv3.bn.weight')).toBe(0)
    expect(await largest('regnet_x_400mf', 'trunk_output.block1.block1-0.f.c.1.weight')).toBe(1)
    expect(await largest('resnet18', 'layer1.0.bn2.weight', { zeroInitResidual: true })).toBe(0)
  })

  it('is by dropout between the convolutions of wide networks', async () => {
    const network = await createModel('wrn16_4_cifar10', { dropRate: 0.3 })
    expect(network.modules().filter((module) => module instanceof Dropout && module.p === 0.3)).toHaveLength(
      6,
    )
    const large = await createModel('pyramidnet200_a450')
    expect(large.modules().filter((module) => module instanceof Dropout && module.p === 0.5)).toHaveLength(1)
  })
})

describe('the shapes of residual networks', () => {
  it('are those of other normalisations too', async () => {
    const normLayer = (channels: number): Module => new GroupNorm(8, channels)
    for (const name of ['resnet18', 'resnet18d', 'regnetx_002', 'regnet_x_400mf', 'resnest14d']) {
      const network = await createModel(name, { normLayer })
      expect([...network.stateDict().keys()].filter((key) => key.includes('running'))).toEqual([])
    }
  })

  it('keep the size from the output stride on', async () => {
    const strides = async (outputStride: 8 | 16 | 32): Promise<number[]> =>
      (await createModel('resnet18d', { outputStride })).featureInfo.map(({ stride }) => stride)
    expect(await strides(32)).toEqual([4, 8, 16, 32])
    expect(await strides(16)).toEqual([4, 8, 16, 16])
    expect(await strides(8)).toEqual([4, 8, 8, 8])
    await expect(createModel('resnet18d', { outputStride: 4 })).rejects.toThrow('must be 8, 16 or 32')
    await expect(createModel('resnet18d', { cardinality: 2 })).rejects.toThrow(
      'need a network of bottlenecks',
    )
  })

  it('of ResNet-50 for 32x32 images: 13, then 7 pixels a side, and a projection in every block', async () => {
    const network = await createModel('resnet50_32')
    const pyramid = network.eval().forwardPyramid(zeros([1, 3, 32, 32]))
    expect(pyramid.map(({ shape }) => shape)).toEqual([
      [1, 256, 7, 7],
      [1, 512, 7, 7],
      [1, 1024, 7, 7],
      [1, 2048, 7, 7],
    ])
    const projections = [...network.stateDict().keys()].filter((key) => key.endsWith('downsample.0.weight'))
    expect(projections).toHaveLength(16)
    const strides = network
      .modules()
      .flatMap((module) => (module instanceof Conv2d ? [module.stride[0]] : []))
    expect(strides.filter((stride) => stride !== 1)).toEqual([2])
    expect(network.getSubmodule('conv1')).toMatchObject({ padding: 0 })
  })

  it('of TResNet need multiples of 4', async () => {
    const network = (await createModel('tresnet_m')).eval()
    expect(() => network.forward(zeros([1, 3, 66, 64]))).toThrow('multiples of 4, got 66 x 64')
    expect(network.forward(zeros([1, 3, 68, 64])).shape).toEqual([1, 1000])
  })
})

describe('the widths of', () => {
  it('PyramidNet grow by the same number or factor, rounded from real values', () => {
    const units = { depths: [2, 2, 2], bottleneck: false }
    expect(pyramidWidths(16, { ...units, alpha: 9 })).toEqual([18, 19, 21, 22, 24, 25])
    expect(pyramidWidths(16, { ...units, alpha: 4, growth: 'multiplicative' })).toEqual([
      20, 25, 32, 40, 51, 64,
    ])
  })

  // Tables of the paper's model zoo (github.com/facebookresearch/pycls).
  it.each([
    ['x400mf', [32, 64, 160, 384], [1, 2, 7, 12]],
    ['x3200mf', [96, 192, 432, 1008], [2, 6, 15, 2]],
    ['x8000mf', [80, 240, 720, 1920], [2, 5, 15, 1]],
    ['y800mf', [64, 128, 320, 768], [1, 3, 8, 2]],
    ['y8000mf', [168, 448, 896, 2016], [2, 4, 10, 1]],
    ['y32gf', [232, 696, 1392, 3712], [2, 5, 12, 1]],
  ] as const)('RegNet %s are those of the paper', (name, widths, depths) => {
    const stages = regnetStages(regnetDesigns[name], nearestMultiple)
    expect(stages.map(({ width }) => width)).toEqual(widths)
    expect(stages.map(({ depth }) => depth)).toEqual(depths)
  })
})
