import { describe, expect, it } from 'vitest'
import { type AdaptOptions, adaptStateDict, loadAdapted } from '../../src/models/adapt.ts'
import { counterpartOf, namesOfCounterpart } from '../../src/models/counterparts.ts'
import { createModel, listModels, modelMetadata, type Network } from '../../src/models/index.ts'
import { manualSeed, noGrad, ones, randn } from '../../src/tensor/index.ts'
import { type StateDict, storeTensors, type WeightTensor, weightTensor } from '../../src/weights/index.ts'

/** Values for every tensor that no other has, with variances above zero. */
function distinct(network: Network): StateDict {
  const state: StateDict = new Map()
  let seed = 1
  for (const [name, { shape, dtype }] of network.stateDict()) {
    if (dtype !== 'float32') continue
    const count = shape.reduce((n, d) => n * d, 1)
    const spread = shape.length > 1 ? Math.sqrt(3 / (count / shape[0]!)) : 0.3
    const values = new Float32Array(count)
    for (let i = 0; i < count; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      const value = (seed / 2 ** 31 - 1) * spread
      values[i] = name.endsWith('running_var') ? 1 + Math.abs(value) : shape.length > 1 ? value : value + 0.5
    }
    state.set(name, weightTensor(shape, 'F32', values))
  }
  return state
}

async function load(network: Network, tensors: StateDict, options: AdaptOptions = {}): Promise<string[]> {
  const adapted = await adaptStateDict(network, tensors, options)
  loadAdapted(network, adapted)
  network.eval()
  return adapted.adaptations.map(({ kind }) => kind)
}

const prefixed = (state: StateDict, prefix: string): StateDict =>
  new Map([...state].map(([name, tensor]) => [prefix + name, tensor]))

const outputs = async (network: Network, x = ones([1, 3, 64, 64])): Promise<ArrayLike<number>> =>
  noGrad(() => network.forward(x)).data()

const same = (a: WeightTensor, b: WeightTensor): boolean => Buffer.compare(a.bytes(), b.bytes()) === 0

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!))
    size = Math.max(size, Math.abs(a[i]!))
  }
  return a.length === b.length && size > 0 ? difference / size : Number.POSITIVE_INFINITY
}

describe("torchvision's and timm's names", () => {
  const tensorFlowEpsilon = { normEps: 1e-3 }
  const pytorch = { padding: 'symmetric', normEps: 1e-5 }
  it.each<[string, string, Record<string, unknown>]>([
    ['efficientnet_b0', 'tf_efficientnet_b0', pytorch],
    ['efficientnet_b1', 'tf_efficientnet_b1', pytorch],
    ['mnasnet0_5', 'mnasnet_050', {}],
    ['mnasnet1_0', 'mnasnet_100', {}],
    ['mobilenet_v2', 'mobilenetv2_100', {}],
    ['mobilenet_v3_large', 'mobilenetv3_large_100', tensorFlowEpsilon],
    ['mobilenet_v3_small', 'mobilenetv3_small_100', tensorFlowEpsilon],
    ['regnet_x_800mf', 'regnetx_008', {}],
    ['regnet_y_400mf', 'regnety_004', {}],
  ])('of %s and %s are each other’s', async (torchvision, timm, options) => {
    const [a, b] = [await createModel(torchvision), await createModel(timm, options)]
    const weights = distinct(a)
    expect(await load(a, weights, { model: torchvision })).toEqual([])
    expect(await load(b, weights, { model: timm })).toEqual(['naming'])
    manualSeed(3)
    const x = randn([2, 3, 64, 64])
    const wanted = await outputs(a, x)
    expect(relativeError(wanted, await outputs(b, x))).toBeLessThan(1e-4)
    // Safetensors files list their tensors in an order of their own.
    const stored = new Map([...(await storeTensors(b.stateDict()))].sort(([x], [y]) => (x < y ? -1 : 1)))
    const back = await createModel(torchvision)
    expect(await load(back, stored, { model: torchvision })).toEqual(['naming'])
    expect(relativeError(wanted, await outputs(back, x))).toBe(0)
  })

  it('are known for every such pair of moderate size', async () => {
    const known = listModels().filter((name) => counterpartOf(name) !== undefined)
    expect(known.length).toBe(50)
    for (const name of known) {
      const { parameters, reference } = modelMetadata(name)
      expect(modelMetadata(counterpartOf(name)!).parameters, name).toBe(parameters)
      if (reference !== 'torchvision' || parameters > 13e6) continue
      const network = await createModel(name, { numClasses: 10 })
      const names = await namesOfCounterpart(name, network, undefined)
      expect(new Set(names!.values()).size, name).toBe(network.stateDict().size)
    }
  })

  it('of VGG are known, whose linear layers are convolutions there', async () => {
    const network = await createModel('vgg11', { numClasses: 7 })
    const weights = distinct(network)
    const theirs: StateDict = new Map()
    const renamed: Record<string, string> = {
      'classifier.0': 'pre_logits.fc1',
      'classifier.3': 'pre_logits.fc2',
      'classifier.6': 'head.fc',
    }
    for (const [name, tensor] of weights) {
      const layer = name.replace(/\.\w+$/, '')
      const shape =
        name === 'classifier.0.weight'
          ? [4096, 512, 7, 7]
          : name === 'classifier.3.weight'
            ? [4096, 4096, 1, 1]
            : tensor.shape
      theirs.set(
        name.replace(layer, renamed[layer] ?? layer),
        weightTensor(shape, 'F32', tensor.values() as Float32Array),
      )
    }
    expect(await load(network, theirs, { model: 'vgg11' })).toEqual(['naming'])
    const loaded = await storeTensors(network.stateDict())
    for (const [name, tensor] of weights) expect(same(loaded.get(name)!, tensor), name).toBe(true)
  })

  it('are one where the families share them', async () => {
    for (const name of ['resnet18', 'densenet121', 'inception_v3', 'resnext50_32x4d', 'wide_resnet50_2']) {
      const tags = modelMetadata(name).weights.map(({ source }) => source)
      if (name !== 'wide_resnet50_2') expect(tags, name).toContain('timm')
      expect(counterpartOf(name)).toBeUndefined()
    }
  })
})

describe('wrappers', () => {
  it.each(['module.', 'model.', '_orig_mod.', 'state_dict.', 'module.model._orig_mod.', 'ema.module.'])(
    '%s are taken off',
    async (prefix) => {
      const network = await createModel('resnet18', { numClasses: 5 })
      const weights = distinct(network)
      await load(network, prefixed(weights, prefix), {})
      const loaded = await storeTensors(network.stateDict())
      for (const [name, tensor] of weights) expect(same(loaded.get(name)!, tensor)).toBe(true)
    },
  )

  it('stay where they are names of the network', async () => {
    const network = await createModel('chexnet_densenet121')
    const weights = distinct(network)
    expect(await load(network, weights)).toEqual([])
  })

  it.each(['model.', 'module.model.', ''])(
    'of averaged weights are told from plain ones (%s)',
    async (prefix) => {
      const network = await createModel('resnet20_cifar10')
      const plain = distinct(network)
      const average: StateDict = new Map(
        [...plain].map(([name, { shape, values }]) => [
          name,
          weightTensor(
            shape,
            'F32',
            Float32Array.from(values() as Float32Array, (v) => v / 2),
          ),
        ]),
      )
      const file = new Map([...prefixed(plain, prefix), ...prefixed(average, 'ema_model.module.')])
      for (const [ema, wanted] of [
        [false, plain],
        [true, average],
      ] as const) {
        expect(await load(network, file, { ema })).toContain('average')
        const loaded = await storeTensors(network.stateDict())
        for (const [name, tensor] of wanted) expect(same(loaded.get(name)!, tensor)).toBe(true)
      }
    },
  )

  it('that hide nothing known leave the error to say so', async () => {
    const network = await createModel('resnet20_cifar10')
    const others = prefixed(distinct(network), 'other.')
    // As many as the network has, and in its order, they would be taken by order.
    others.delete([...others.keys()][0]!)
    await expect(load(network, others)).rejects.toThrow(/missing/)
  })
})

describe('another number of classes', () => {
  it('leaves the classifier as it is and takes the rest', async () => {
    const weights = distinct(await createModel('resnet20_cifar10'))
    const network = await createModel('resnet20_cifar10', { numClasses: 3 })
    const [head] = network.classifierNames()
    const before = await storeTensors(network.getSubmodule(head!).stateDict())
    const adapted = await adaptStateDict(network, weights)
    expect(adapted.adaptations).toEqual([
      {
        kind: 'classifier',
        text: "a new classifier for 3 classes: the file's is for 10",
        names: [`${head}.weight`, `${head}.bias`],
      },
    ])
    expect(adapted.otherClasses).toBe(10)
    loadAdapted(network, adapted)
    const after = await storeTensors(network.stateDict())
    for (const [name, tensor] of before) expect(same(after.get(`${head}.${name}`)!, tensor)).toBe(true)
    for (const [name, tensor] of weights) {
      if (!name.startsWith(`${head}.`)) expect(same(after.get(name)!, tensor), name).toBe(true)
    }
    expect((await outputs(network, ones([1, 3, 32, 32]))).length).toBe(3)
  })

  it('leaves all classifiers, those beside the main one too', async () => {
    const weights = distinct(await createModel('googlenet', { auxLogits: true }))
    const network = await createModel('googlenet', { auxLogits: true, numClasses: 4 })
    const { adaptations, kept } = await adaptStateDict(network, weights)
    expect(adaptations.map(({ kind }) => kind)).toEqual(['classifier'])
    expect(kept.length).toBe(2 * network.classifierNames().length)
    expect(kept.length).toBe(6)
  })

  it('is no excuse for other layers that do not fit', async () => {
    const weights = distinct(await createModel('resnet20_cifar10'))
    weights.set('conv1.weight', weightTensor([8, 3, 3, 3], 'F32', new Float32Array(216)))
    const network = await createModel('resnet20_cifar10', { numClasses: 3 })
    await expect(load(network, weights)).rejects.toThrow(
      /1 of another shape, 0 missing, 0 unexpected[\s\S]*conv1\.weight/,
    )
  })

  it('is left out with the rest of the head for a pyramid of features', async () => {
    const whole = await createModel('resnet18')
    const weights = distinct(whole)
    const adapted = await adaptStateDict(whole, weights, { headless: true })
    expect(adapted.tensors.has('fc.weight')).toBe(false)
    expect(adapted.kept).toEqual(['fc.weight', 'fc.bias'])
  })
})

describe('another number of channels', () => {
  const one = async (
    inChannels: number,
  ): Promise<{ network: Network; weights: StateDict; kinds: string[] }> => {
    const weights = distinct(await createModel('resnet18', { numClasses: 5 }))
    const network = await createModel('resnet18', { numClasses: 5, inChannels })
    return { network, weights, kinds: await load(network, weights, { inChannels }) }
  }

  it('sums to one: gray images give what their copies in three channels give', async () => {
    const { network, weights, kinds } = await one(1)
    expect(kinds).toEqual(['inputChannels'])
    const original = await createModel('resnet18', { numClasses: 5 })
    await load(original, weights)
    manualSeed(1)
    const gray = randn([1, 1, 64, 64])
    const colour = gray.expand([1, 3, 64, 64])
    expect(relativeError(await outputs(original, colour), await outputs(network, gray))).toBeLessThan(1e-4)
  })

  it.each([2, 4, 6, 7])('repeats to %i in turn, scaled', async (channels) => {
    const { network, weights } = await one(channels)
    const stored = (await storeTensors(network.stateDict())).get('conv1.weight')!.values() as Float32Array
    const original = weights.get('conv1.weight')!.values() as Float32Array
    for (let o = 0; o < 64; o += 13) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < 49; i += 5) {
          const wanted = Math.fround(original[(o * 3 + (c % 3)) * 49 + i]! * (3 / channels))
          expect(stored[(o * channels + c) * 49 + i]).toBeCloseTo(wanted, 6)
        }
      }
    }
  })

  it('is an error where nobody asked for it', async () => {
    const weights = distinct(await createModel('resnet18', { numClasses: 5 }))
    const network = await createModel('resnet18', { numClasses: 5, inChannels: 1 })
    await expect(load(network, weights)).rejects.toThrow(/1 of another shape/)
  })
})
