import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import {
  catalogueRows,
  classLabels,
  createModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  type Network,
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
  zeros,
} from '../../src/tensor/index.ts'
import { toSize } from '../../src/transforms/image.ts'
import { evaluationTransform } from '../../src/transforms/index.ts'
import { encodeSafetensors, parseSafetensors, weightTensorOf } from '../../src/weights/index.ts'
import { smallInput } from './small-input.ts'

const fast = (await getBackend()).info.name !== 'reference'

const batch = 3

const every = process.env.OCELLI_CONTRACT === 'all'

/** With the lightest network of each row numbers are computed; OCELLI_CONTRACT=all computes with every network, for an hour. */
const checked = new Set(
  catalogueRows.map((row) => {
    const members = listModels().filter((name) => modelMetadata(name).row === row)
    return members.reduce((a, b) => (modelMetadata(a).macs <= modelMetadata(b).macs ? a : b))
  }),
)

/**
 * Batch normalization of the three values that pooled maps leave (ResNeSt), activations rebuilt from later ones (RevNet) and 160
 * layers (FractalNet) magnify rounding: their normalization stays in evaluation mode where gradients are compared, and of the
 * deeper ones, whose activations grow without it, they are not.
 */
const unstable = /^(resnest|revnet|fractalnet40_caffe)/

function images(channels: number, height: number, width: number): Tensor {
  const shape = [batch, channels, height, width]
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

/**
 * The largest and mean magnitude of each parameter's gradient and of each buffer after a training step's forward pass.
 * @param frozen Whether normalization goes by its running statistics.
 */
async function digest(
  network: Network,
  images: Tensor,
  frozen: boolean,
): Promise<Map<string, readonly [number, number]>> {
  const named = network.namedParameters()
  fill(new Map(network.namedBuffers()))
  manualSeed(1)
  network.train()
  if (frozen) for (const module of network.modules()) if ('running_mean' in module) module.eval()
  const terms = network
    .forwardAll(images)
    .map((output, i) =>
      output.mul(tensor(signedOf('contract', `cotangent${i}`, output.shape), output.shape)).sum(),
    )
  const gradients = grad(
    terms.reduce((a, b) => a.add(b)),
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
  const [channels, height, width] = smallInput(metadata)
  const seen = images(channels, height, width)

  it('says how to prepare images, and where weights come from', async () => {
    const network = await shapesOf(name)
    expect(String(network).split('\n')[0]).toBe(`${network.constructor.name}(`)
    expect(network.preprocessing).toBe(metadata.preprocessing)
    expect(network.weightEntries).toBe(metadata.weights)
    expect(metadata.paper.title).not.toBe('')
    expect(metadata.paper.year).toBeGreaterThan(1979)
    expect(metadata.paper.arxiv ?? '0000.00000').toMatch(/^\d{4}\.\d{4,5}$/)
    expect(metadata.reference).not.toBe('')
    expect(() => evaluationTransform(metadata.preprocessing)).not.toThrow()
    expect(new Set(metadata.weights.map(({ tag }) => tag)).size).toBe(metadata.weights.length)
    for (const entry of metadata.weights) {
      expect(new URL(entry.url).protocol).toMatch(/^https?:$/)
      if (entry.sha256 !== undefined) expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/)
      for (const prefix of [entry.sha256Prefix, entry.sha1Prefix]) {
        expect(prefix ?? '00000000').toMatch(/^[0-9a-f]{8}$/)
      }
      if (entry.sha256 && entry.sha256Prefix) expect(entry.sha256.startsWith(entry.sha256Prefix)).toBe(true)
      expect(entry.top5 ?? 100).toBeGreaterThan(entry.top1 ?? 0)
      expect(entry.licence).not.toBe('')
      if (entry.classes) {
        expect(await classLabels(entry.classes)).toHaveLength(
          Number(entry.options?.numClasses ?? metadata.numClasses),
        )
      }
      expect(() => evaluationTransform(entry.preprocessing)).not.toThrow()
    }
  })

  it('describes its stages as they are, and gives them without a head', async () => {
    const network = await shapesOf(name)
    const { featureInfo } = network
    const reduction = featureInfo.at(-1)!.stride
    const pyramid = (more: number): readonly Tensor[] =>
      network.forwardPyramid(images(channels, height + more, width + more))
    const [small, large] = [pyramid(0), pyramid(reduction)]
    for (const [i, { channels: depth, stride }] of featureInfo.entries()) {
      expect(small[i]!.shape.slice(0, 2), `stage ${i}`).toEqual([batch, depth])
      expect(large[i]!.shape[2]! - small[i]!.shape[2]!, `stride of stage ${i}`).toBe(reduction / stride)
    }
    expect(featureInfo.map(({ stride }) => stride)).toEqual(
      featureInfo.map(({ stride }) => stride).sort((a, b) => a - b),
    )
    expect(() => network.forwardPyramid(seen, [featureInfo.length])).toThrow(/stage \d+ is not in 0\.\./)

    const outIndices = [featureInfo.length - 1, 0]
    const features = await createModel(name, { featuresOnly: true, outIndices })
    expect(
      features
        .eval()
        .forwardAll(seen)
        .map(({ shape }) => shape),
    ).toEqual([small.at(-1)!.shape, small[0]!.shape])
    const whole = new Set(network.stateDict().keys())
    const left = [...features.stateDict().keys()]
    expect(left.filter((key) => !whole.has(key))).toEqual([])
    expect(left.length).toBeLessThan(whole.size)
    expect(() => features.resetClassifier(3)).toThrow('has no head')
  })

  it('takes another number of classes, then or later, and of channels', async () => {
    const network = await shapesOf(name)
    const before = network.stateDict()
    network.resetClassifier(7)
    expect(network.numClasses).toBe(7)
    const other = await shapesOf(name, { inChannels: channels + 2, numClasses: 7 })
    const wide = images(channels + 2, height, width)
    expect(other.forwardAll(wide).map(({ shape }) => shape)).toEqual(
      network.forwardAll(seen).map(({ shape }) => shape),
    )
    const replaced = [...network.stateDict()].filter(([key, value]) => before.get(key) !== value)
    expect(replaced.length).toBeGreaterThan(0)
    const otherShapes = new Map([...other.stateDict()].map(([key, { shape }]) => [key, shape]))
    expect(replaced.map(([key, { shape }]) => [key, shape])).toEqual(
      replaced.map(([key]) => [key, otherShapes.get(key)]),
    )
  })

  if (metadata.minInputSize !== undefined) {
    it('says that an image is too small, or takes it', async () => {
      const network = await shapesOf(name)
      const [least] = toSize(metadata.minInputSize!, name)
      const smaller = zeros([1, channels, least - 1, Math.min(width, least - 1)])
      expect(() => network.forwardAll(smaller)).toThrow(/\n {2}in /)
    })
  }

  if (!every && !checked.has(name)) return
  const minutes = !fast && metadata.macs > 5e7 && 'only on a fast backend'

  it('computes the same in parts, and after its weights were saved and loaded', async ({ skip }) => {
    if (minutes) skip(minutes)
    const network = await filled(name)
    const outputs = noGrad(() => network.forwardAll(seen))
    await realize(...outputs)
    const expected = await Promise.all(outputs.map((output) => output.data()))
    for (const values of expected) expect(values.every(Number.isFinite)).toBe(true)
    if (network.separateHead) {
      const [whole, parts, descriptor] = noGrad(() => {
        const features = network.forwardFeatures(seen)
        return [
          network.forward(seen),
          network.forwardHead(features),
          network.forwardHead(features, { preLogits: true }),
        ]
      })
      await realize(whole!, parts!, descriptor!)
      expect(await parts!.data()).toEqual(await whole!.data())
      expect(descriptor!.shape[0]).toBe(batch)
    } else {
      expect(() => network.forwardHead(network.forwardFeatures(seen))).toThrow(/several|forwardAll/)
    }

    const bytes = await saved(network)
    const other = await shapesOf(name)
    expect(other.loadStateDict(parseSafetensors(bytes).tensors)).toEqual({
      missing: [],
      unexpected: [],
      mismatched: [],
    })
    expect(Buffer.compare(await saved(other), bytes)).toBe(0)
    const again = noGrad(() => other.forwardAll(seen))
    await realize(...again)
    for (const [i, output] of again.entries()) expect(await output.data()).toEqual(expected[i])
  })

  it('gives every parameter a finite gradient, checkpointed or not', async ({ skip }) => {
    if (minutes) skip(minutes)
    const network = await filled(name)
    const kept = await digest(network, seen, unstable.test(name) && checked.has(name))
    for (const [key, [most]] of kept) {
      expect(Number.isFinite(most), key).toBe(true)
      expect(most, key).toBeGreaterThan(0)
    }
    if (unstable.test(name) && !checked.has(name)) return
    network.setGradientCheckpointing()
    const recomputed = await digest(network, seen, unstable.test(name) && checked.has(name))
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
