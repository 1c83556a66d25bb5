import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { loadStateDict, openCheckpoint } from '../../src/weights/load.ts'
import type { RandomAccess } from '../../src/weights/random-access.ts'
import { CaseRandom } from '../support/case-random.ts'
import { type Member, zip } from '../support/zip.ts'

const folder = join(import.meta.dirname, 'keras')
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))
const files = readdirSync(folder).filter((name) => /\.(h5|keras)$/.test(name))
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Reads a file to the end, structure included; whatever is wrong with it must come as a CheckpointError, and soon. */
async function load(source: Uint8Array | RandomAccess, name: string): Promise<'read' | 'refused'> {
  const start = performance.now()
  try {
    const file = await openCheckpoint(source, { name })
    await loadStateDict(source, { name })
    await file.network?.()
    return 'read'
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    expect(error.message.length).toBeLessThan(4000)
    return 'refused'
  } finally {
    expect(performance.now() - start).toBeLessThan(1000)
  }
}

/** A copy with a few bytes, or fields of eight bytes, of other values; most of them near the start, where the structure is. */
function mutated(bytes: Uint8Array, random: CaseRandom): Uint8Array {
  const copy = bytes.slice()
  for (let left = random.integer(1, 8); left > 0; left--) {
    const at = random.integer(0, random.chance(0.6) ? Math.min(4096, copy.length - 1) : copy.length - 1)
    const kind = random.integer(0, 4)
    if (kind === 0) copy[at] = random.integer(0, 255)
    else if (kind === 1) copy[at] = copy[at]! ^ (1 << random.integer(0, 7))
    else if (kind === 2) copy.fill(random.chance() ? 255 : 0, at, at + random.integer(1, 8))
    // An address that leads back: into what was read before.
    else if (kind === 3)
      copy.set(
        [random.integer(0, 255), random.integer(0, 3), 0, 0, 0, 0, 0, 0].slice(0, copy.length - at),
        at,
      )
    else copy.copyWithin(at, random.integer(0, copy.length - 1), random.integer(0, copy.length))
  }
  return copy
}

describe.each(files)('damaged copies of %s', (name) => {
  it('that are cut off are refused', async () => {
    const bytes = fixture(name)
    for (let i = 0; i < 50; i++) {
      const cut = bytes.subarray(0, Math.floor((i * bytes.length) / 50))
      expect([i, await load(cut, name)]).toEqual([i, 'refused'])
    }
  })

  it('are read or refused, and nothing else', async () => {
    const random = new CaseRandom(1, 'small')
    const outcomes = { read: 0, refused: 0 }
    for (let i = 0; i < 100; i++) outcomes[await load(mutated(fixture(name), random), name)]++
    expect(outcomes.refused).toBeGreaterThan(10)
  })
})

/** A .keras file with a network of this description, and weights of another. */
function archive(config: unknown): Uint8Array {
  const members: Member[] = [
    { name: 'metadata.json', data: text({ keras_version: '3.3.3' }) },
    { name: 'config.json', data: config instanceof Uint8Array ? config : text(config) },
    { name: 'model.weights.h5', data: fixture('keras3.float16.weights.h5') },
  ]
  return zip(members)
}

const input = {
  class_name: 'InputLayer',
  name: 'in',
  config: { name: 'in', batch_shape: [null, 4, 4, 3] },
  inbound_nodes: [],
}
const from = (...names: readonly string[]): unknown => [names.map((name) => [name, 0, 0, {}])]

function functional(layers: readonly unknown[], output = 'out', place = 0): unknown {
  const config = {
    name: 'net',
    layers: [input, ...layers],
    input_layers: [['in', 0, 0]],
    output_layers: [[output, 0, place]],
  }
  return { class_name: 'Functional', config }
}

const layer = (name: string, className: string, inputs: unknown, config: object = {}): unknown => ({
  name,
  class_name: className,
  config: { name, ...config },
  inbound_nodes: inputs,
})

async function network(config: unknown): Promise<unknown> {
  const file = await openCheckpoint(archive(config), { name: 'net.keras' })
  return file.network!()
}

describe('a description of a network', () => {
  it('with layers that are not known has all of them listed', async () => {
    const layers = [
      layer('odd', 'Strange', from('in')),
      layer('code', 'Lambda', from('odd'), { function: ['4wEAAA==', null, null] }),
      layer('turn', 'Activation', from('in'), { activation: 'spiral' }),
      layer('out', 'Add', from('code', 'turn')),
    ]
    const error = await network(functional(layers)).catch((e: Error) => e)
    expect(error).toBeInstanceOf(CheckpointError)
    const { message } = error as Error
    expect(message).toContain('odd (Strange) is of a kind that is not known')
    expect(message).toContain('code (Lambda) holds Python code, which is not run')
    expect(message).toContain('turn (Activation) has the activation "spiral", which is not known')
    expect(message).toContain('its weights can be read')
  })

  it('that takes an output which a layer does not have is refused', async () => {
    const layers = [layer('out', 'ReLU', from('in'))]
    await expect(network(functional(layers, 'out', 7))).rejects.toThrow(/out has no output 7/)
  })

  it('whose layers wait for one another is refused', async () => {
    const layers = [layer('a', 'Add', from('in', 'out')), layer('out', 'Add', from('a', 'in'))]
    await expect(network(functional(layers))).rejects.toThrow(/out cannot be reached from the inputs/)
  })

  it('without the weights of a layer is refused', async () => {
    // The file has those of a single one.
    const layers = [layer('a', 'Dense', from('in')), layer('out', 'Dense', from('a'))]
    await expect(network(functional(layers))).rejects.toThrow(
      /rebuilt: out \(Dense\) has no weight in the file;/,
    )
  })

  it('of a class that only code describes is refused', async () => {
    await expect(network({ class_name: 'MyModel', config: {} })).rejects.toThrow(
      /MyModel, not Sequential or Functional/,
    )
  })

  it.each([
    ['no JSON', new TextEncoder().encode('{"class_name": '), /config\.json is no JSON/],
    ['a list', text([]), /not an object/],
    ['no layers', text({ class_name: 'Sequential', config: { layers: [] } }), /no layers/],
    ['two of one name', text(functional([layer('in', 'Flatten', from('in'))])), /two layers are named in/],
  ])('that is %s is refused', async (_, config, message) => {
    const open = openCheckpoint(archive(config), { name: 'net.keras' })
    await expect(open.then((file) => file.network!())).rejects.toThrow(message)
  })

  it('of models within models without end is refused soon', async () => {
    let deep: unknown = { class_name: 'Flatten', config: { name: 'f' } }
    for (let i = 0; i < 1000; i++)
      deep = { class_name: 'Sequential', config: { name: `s${i}`, layers: [deep] } }
    await expect(network(deep)).rejects.toThrow(/nested more than 16 deep/)
  })

  it('that grows as it is followed is refused soon', async () => {
    const start = performance.now()
    let model: unknown = functional([layer('out', 'Dropout', from('in'))])
    for (let i = 0; i < 14; i++) {
      const { config } = model as { config: object }
      const calls = ['in', 'in', 'in'].map((name) => [[name, 0, 0, {}]])
      const within = { name: 'm', class_name: 'Functional', config, inbound_nodes: calls }
      const sum = layer('out', 'Add', [[0, 1, 2].map((node) => ['m', node, 0, {}])])
      model = functional([within, sum])
    }
    await expect(network(model)).rejects.toThrow(/more than 50000 calls of layers/)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it.each([
    ['Conv2D', { strides: [0, 1] }],
    ['Conv2D', { strides: 'two' }],
    ['Conv2D', { padding: 'around' }],
    ['ZeroPadding2D', { padding: [[1], 2] }],
    ['Cropping2D', { cropping: -1 }],
    ['Reshape', { target_shape: ['a'] }],
    ['Permute', { dims: [1, 1, 2] }],
    ['MaxPooling2D', { pool_size: 2 ** 40 }],
    ['UpSampling2D', { size: 0.5 }],
    ['UpSampling2D', { interpolation: 'magic' }],
    ['RepeatVector', { n: 2 ** 30 }],
    ['Concatenate', { axis: 9 }],
    ['Softmax', { axis: [1, 2] }],
    ['Rescaling', { scale: 'large' }],
    ['Resizing', { height: 0, width: 3 }],
    ['TFOpLambda', { function: 'tf.raw_ops.ReadFile' }],
    ['Merge', { mode: 'lambda' }],
  ])('with a %s of %j is refused', async (className, config) => {
    await expect(network(functional([layer('out', className, from('in'), config)]))).rejects.toThrow(
      new RegExp(`net\\.keras.*the network cannot be rebuilt: out \\(${className}\\)`),
    )
  })
})
