import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import {
  classLabels,
  createModel,
  formatSummary,
  listModels,
  type ModelOptions,
  modelMetadata,
  type Network,
  summary,
} from '../../src/models/index.ts'
import {
  getBackend,
  grad,
  manualSeed,
  noGrad,
  realize,
  stack,
  type Tensor,
  tensor,
} from '../../src/tensor/index.ts'
import { toSize } from '../../src/transforms/image.ts'
import { evaluationTransform } from '../../src/transforms/index.ts'
import { encodeSafetensors, parseSafetensors, weightTensorOf } from '../../src/weights/index.ts'

type Counts = Readonly<Record<string, { readonly parameters: number; readonly macs: number }>>

const published = JSON.parse(readFileSync(new URL('fixtures/counts.json', import.meta.url), 'utf8')) as Counts
const fast = (await getBackend()).info.name !== 'reference'

const batch = 3

/** Small sides that a family's networks take, by the beginning of their names; the first that fits. */
const sides: readonly (readonly [string, number])[] = [
  ['alexnet_2012', 227],
  ['alexnet', 63],
  ['lenet', 32],
  ['vgg', 32],
  ['', 64],
]

function inputOf(name: string): { readonly channels: number; readonly side: number } {
  const side = sides.find(([start]) => name.startsWith(start))![1]
  return { channels: modelMetadata(name).preprocessing.channels ?? 3, side }
}

function images(channels: number, side: number): Tensor {
  const shape = [batch, channels, side, side]
  return tensor(signedOf('contract', 'images', shape), shape)
}

/** A network for what needs shapes alone: in training mode, running statistics would be computed with whatever is next. */
async function shapesOf(name: string, options: ModelOptions = {}): Promise<Network> {
  const network = await createModel(name, options)
  network.eval()
  return network
}

const pattern = signedOf('contract', 'weights', [65_537])

/** Values of fitting size, copied from one pattern: quick even for a hundred million. */
function fill(state: ReadonlyMap<string, Tensor>): void {
  for (const [name, values] of state) {
    const { shape, dtype } = values
    if (dtype !== 'float32') continue
    const positive = name.endsWith('running_var') || (shape.length === 1 && name.endsWith('weight'))
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
    const [centre, scale] = positive ? [1, 0.25] : [0, shape.length > 1 ? Math.sqrt(6 / fanIn) : 0.1]
    const part = pattern.map((value) => centre + scale * value)
    values.loadLazily((all) => {
      for (let at = 0; at < all.length; at += part.length) all.set(part.subarray(0, all.length - at), at)
    })
  }
}

async function filled(name: string): Promise<Network> {
  const network = await shapesOf(name)
  fill(network.stateDict())
  return network
}

async function saved(network: Network): Promise<Uint8Array> {
  const tensors = new Map<string, ReturnType<typeof weightTensorOf>>()
  for (const [name, { shape, dtype, node }] of network.stateDict()) {
    tensors.set(name, weightTensorOf(shape, dtype, await node.storage!.read()))
  }
  return encodeSafetensors(tensors)
}

/** The largest and mean magnitude of each parameter's gradient and of each buffer after a training step's forward pass. */
async function digest(network: Network, images: Tensor): Promise<Map<string, readonly [number, number]>> {
  const named = network.namedParameters()
  fill(new Map(network.namedBuffers()))
  manualSeed(1)
  const outputs = network.train().forward(images)
  const weights = tensor(signedOf('contract', 'cotangent', outputs.shape), outputs.shape)
  const gradients = grad(
    outputs.mul(weights).sum(),
    named.map(([, parameter]) => parameter),
  )
  const values = [
    ...named.map(([name], i) => [name, gradients[i]!] as const),
    ...network.namedBuffers().filter(([, { dtype }]) => dtype === 'float32'),
  ]
  const digests = noGrad(() =>
    values.map(([, value]) => stack([value.abs().max(), value.abs().mean()].map((x) => x.reshape([])))),
  )
  await realize(...digests)
  const result = new Map<string, readonly [number, number]>()
  for (const [i, [name]] of values.entries()) {
    const [most, mean] = await digests[i]!.data()
    result.set(name, [most!, mean!])
  }
  return result
}

describe.each(listModels())('%s', (name) => {
  const metadata = modelMetadata(name)
  const { channels, side } = inputOf(name)
  const seen = images(channels, side)

  it('has the published number of parameters and of multiply-accumulates', async () => {
    const network = await shapesOf(name)
    const counted = summary(network, [1, channels, ...toSize(metadata.preprocessing.inputSize, name)])
    const counts = { parameters: counted.parameters, macs: counted.macs }
    expect(counts).toEqual(published[name])
    expect(counts).toEqual({ parameters: metadata.parameters, macs: metadata.macs })
    expect(formatSummary(counted)).toContain(`parameters   ${metadata.parameters.toLocaleString('en-US')}`)
    expect(String(network).split('\n')[0]).toBe(`${network.constructor.name}(`)
  })

  it('says how to prepare images, and where weights come from', async () => {
    const network = await shapesOf(name)
    expect(network.preprocessing).toBe(metadata.preprocessing)
    expect(network.weightEntries).toBe(metadata.weights)
    expect(metadata.paper).not.toBe('')
    expect(() => evaluationTransform(metadata.preprocessing)).not.toThrow()
    expect(new Set(metadata.weights.map(({ tag }) => tag)).size).toBe(metadata.weights.length)
    for (const entry of metadata.weights) {
      expect(new URL(entry.url).protocol).toBe('https:')
      expect(entry.sha256Prefix).toMatch(/^[0-9a-f]{8}$/)
      expect(entry.sha256 ?? entry.sha256Prefix.padEnd(64, '0')).toMatch(
        new RegExp(`^${entry.sha256Prefix}[0-9a-f]{56}$`),
      )
      expect(entry.bytes ?? 4 * metadata.parameters).toBeGreaterThanOrEqual(4 * metadata.parameters)
      expect(entry.top5 ?? 100).toBeGreaterThan(entry.top1)
      expect(entry.preprocessing).toMatchObject({
        inputSize: expect.any(Number),
        mean: expect.any(Array),
        std: expect.any(Array),
        interpolation: 'bilinear',
      })
      expect(entry.licence).not.toBe('')
      expect(await classLabels(entry.classes)).toHaveLength(metadata.numClasses)
      expect(() => evaluationTransform(entry.preprocessing)).not.toThrow()
    }
  })

  it('describes its stages as they are', async () => {
    const network = await shapesOf(name)
    const { featureInfo } = network
    const reduction = featureInfo.at(-1)!.stride
    const pyramid = (size: number): readonly Tensor[] => network.forwardPyramid(images(channels, size))
    const [small, large] = [pyramid(side), pyramid(side + reduction)]
    for (const [i, { channels: width, stride }] of featureInfo.entries()) {
      expect(small[i]!.shape.slice(0, 2), `stage ${i}`).toEqual([batch, width])
      expect(large[i]!.shape[2]! - small[i]!.shape[2]!, `stride of stage ${i}`).toBe(reduction / stride)
    }
    expect(featureInfo.map(({ stride }) => stride)).toEqual(
      featureInfo.map(({ stride }) => stride).sort((a, b) => a - b),
    )
    const some = network.forwardPyramid(seen, [featureInfo.length - 1, 0])
    expect(some.map(({ shape }) => shape)).toEqual([small.at(-1)!.shape, small[0]!.shape])
    expect(() => network.forwardPyramid(seen, [featureInfo.length])).toThrow(/stage \d+ is not in 0\.\./)
  })

  it('takes another number of classes, then or later, and of channels', async () => {
    const network = await shapesOf(name)
    const before = network.stateDict()
    network.resetClassifier(7)
    expect(network.numClasses).toBe(7)
    const shapes = (state: ReadonlyMap<string, Tensor>): unknown =>
      [...state].map(([key, { shape }]) => [key, shape])
    expect(shapes(network.stateDict())).toEqual(shapes((await shapesOf(name, { numClasses: 7 })).stateDict()))
    const replaced = [...network.stateDict()].filter(([key, value]) => before.get(key) !== value)
    expect(replaced.map(([, { shape }]) => shape[0])).toEqual(replaced.map(() => 7))
    expect(replaced.length).toBeGreaterThan(0)
    const wide = await shapesOf(name, { inChannels: 5, numClasses: 7 })
    const outputs = wide.forward(images(5, side))
    expect(outputs.shape).toEqual([batch, 7])
  })

  const minutes = !fast && metadata.macs > 5e7 && 'only on a fast backend'

  it('computes the same in parts, and after its weights were saved and loaded', async ({ skip }) => {
    if (minutes) skip(minutes)
    const network = await filled(name)
    const [whole, parts, descriptor] = noGrad(() => {
      const features = network.forwardFeatures(seen)
      expect(features.shape[1]).toBe(network.featureInfo.at(-1)!.channels)
      return [
        network.forward(seen),
        network.forwardHead(features),
        network.forwardHead(features, { preLogits: true }),
      ]
    })
    await realize(whole!, parts!, descriptor!)
    const expected = await whole!.data()
    expect(whole!.shape).toEqual([batch, metadata.numClasses])
    expect(expected.every(Number.isFinite)).toBe(true)
    expect(await parts!.data()).toEqual(expected)
    expect(descriptor!.rank).toBe(2)

    const bytes = await saved(network)
    const other = await shapesOf(name)
    expect(other.loadStateDict(parseSafetensors(bytes).tensors)).toEqual({
      missing: [],
      unexpected: [],
      mismatched: [],
    })
    expect(Buffer.compare(await saved(other), bytes)).toBe(0)
    expect(await noGrad(() => other.forward(seen)).data()).toEqual(expected)
  })

  it('gives every parameter a finite gradient, checkpointed or not', async ({ skip }) => {
    if (minutes) skip(minutes)
    const network = await filled(name)
    const kept = await digest(network, seen)
    for (const [key, [most]] of kept) {
      expect(Number.isFinite(most), key).toBe(true)
      expect(most, key).toBeGreaterThan(0)
    }
    network.setGradientCheckpointing()
    const recomputed = await digest(network, seen)
    // The bias of a convolution that batch normalization follows has a gradient of rounding errors alone.
    const largest = Math.max(...[...kept.values()].map(([most]) => most))
    for (const [key, values] of kept) {
      for (const [i, value] of values.entries()) {
        const difference = Math.abs(recomputed.get(key)![i]! - value)
        expect(difference, key).toBeLessThan(1e-3 * value + 1e-6 * largest)
      }
    }
  })
})
