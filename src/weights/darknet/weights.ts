import { sizeOf } from '../../graph/shape.ts'
import { CheckpointError, copyAgain } from '../errors.ts'
import type { Checkpoint } from '../load.ts'
import type { RandomAccess } from '../random-access.ts'
import type { FileChunks } from '../safetensors-write.ts'
import {
  type StoredTensor,
  toFloat32,
  type WeightTensor,
  weightTensor,
  weightTensorFromBytes,
} from '../state-dict.ts'
import type { DarknetConfig } from './config.ts'
import { type DarknetParameter, darknetParameters } from './parameters.ts'

/** An open .weights file. */
export interface DarknetWeights extends Checkpoint {
  readonly format: 'darknet'
  /** How many of the configuration's layers, from the first on, have all their parameters in the file. */
  readonly layers: number
  /** Whether that is all of them; not for a cut-off, such as darknet53.conv.74, which gives a network its first layers. */
  readonly complete: boolean
}

interface Header {
  readonly version: readonly [major: number, minor: number, revision: number]
  /** How many images the network was trained on. */
  readonly seen: bigint
  /** Where the numbers begin. */
  readonly start: number
  /** Whether connected layers' weights have their axes exchanged. */
  readonly transposed: boolean
}

const versionKey = 'darknet_version'

/** Under which text metadata tells how many images a network was trained on. */
export const darknetSeenKey = 'darknet_seen'

/** Above any version, and below what other files begin with. */
const maxVersion = 100_000

async function readHeader(access: RandomAccess, numbers: number): Promise<Header> {
  const { name, size } = access
  if (size < 16) {
    const what = `${size} bytes are too few for the header of a Darknet .weights file`
    throw new CheckpointError(name, what, undefined, { advice: copyAgain })
  }
  const bytes = await access.read(0, Math.min(size, 20))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = [0, 4, 8].map((at) => view.getInt32(at, true)) as [number, number, number]
  if (version.some((part) => part < 0 || part > maxVersion)) {
    throw new CheckpointError(name, `begins with version ${version.join('.')}: no Darknet .weights file`, 0)
  }
  const [major, minor] = version
  // Redmon's Darknet and AlexeyAB's do not agree for old files whose version tells of exchanged axes.
  const old = major > 1000 || minor > 1000
  const wide = old ? size === 20 + 4 * numbers : major * 10 + minor >= 2
  const width = wide ? 8 : 4
  if (size < 12 + width) throw new CheckpointError(name, 'ends within its header', 12, { advice: copyAgain })
  const seen = width === 8 ? view.getBigUint64(12, true) : BigInt(view.getUint32(12, true))
  return { version, seen, start: 12 + width, transposed: old }
}

/** The number of layers whose parameters lie before `end`, and the first that goes beyond it. */
function reached(
  parameters: readonly DarknetParameter[],
  ends: readonly number[],
  end: number,
): { complete: boolean; cut: number | undefined; layers: number } {
  const first = ends.findIndex((each) => each > end)
  if (first < 0) return { complete: true, cut: undefined, layers: 0 }
  const { place } = parameters[first]!
  const before = first === 0 ? { place: -1 } : parameters[first - 1]!
  const whole = before.place !== place && (first === 0 ? 0 : ends[first - 1]!) === end
  return { complete: false, cut: whole ? undefined : first, layers: place }
}

/**
 * Opens a .weights file of any version. It holds numbers without names: which they are, its configuration says. A cut-off,
 * which ends with a layer, gives the parameters of the first layers. Throws a CheckpointError that names the layer where a
 * file runs out of numbers, or says by how many it is too long; nothing is read or allocated before that is clear.
 */
export async function openDarknet(access: RandomAccess, config: DarknetConfig): Promise<DarknetWeights> {
  const parameters = darknetParameters(config)
  const sizes = parameters.map(({ shape }) => sizeOf(shape))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const { version, seen, start, transposed } = await readHeader(access, total)
  const { name, size } = access
  if ((size - start) % 4 !== 0) {
    throw new CheckpointError(name, `ends within a number, at byte ${size}`, undefined, { advice: copyAgain })
  }
  const offsets: number[] = []
  let position = start
  for (const each of sizes) {
    offsets.push(position)
    position += 4 * each
  }
  if (size > position) {
    throw new CheckpointError(
      name,
      `holds ${(size - position) / 4} numbers more than the ${total} of its configuration`,
      position,
      { advice: 'it belongs to another .cfg' },
    )
  }
  const ends = offsets.map((offset, i) => offset + 4 * sizes[i]!)
  const { complete, cut, layers } = reached(parameters, ends, size)
  if (cut !== undefined || (!complete && size === start)) {
    const short = parameters[cut ?? 0]!
    const { type } = config.sections[short.place]!
    throw new CheckpointError(
      name,
      `runs out in layer ${short.place} (${type}): ${short.name} takes ${sizes[cut ?? 0]} numbers, ` +
        `but the file ends at byte ${size}`,
      offsets[cut ?? 0],
      { advice: 'it is cut off, or belongs to another .cfg' },
    )
  }
  const tensors = new Map<string, StoredTensor>()
  for (const [i, { name: own, shape, place, connected }] of parameters.entries()) {
    if (!complete && place >= layers) break
    const read = async (): Promise<WeightTensor> => {
      const bytes = await access.read(offsets[i]!, 4 * sizes[i]!)
      const tensor = weightTensorFromBytes(shape, 'F32', bytes)
      return connected && transposed ? exchanged(tensor) : tensor
    }
    tensors.set(own, { shape, dtype: 'F32', read })
  }
  return {
    format: 'darknet',
    tensors,
    metadata: { [versionKey]: version.join('.'), [darknetSeenKey]: String(seen) },
    key: '',
    values: {},
    layers: complete ? config.sections.length : layers,
    complete,
  }
}

/** The weight of a connected layer, [outputs, inputs], from a file that holds it as [inputs, outputs]. */
function exchanged({ shape, values }: WeightTensor): WeightTensor {
  const [outputs, inputs] = shape as [number, number]
  const stored = values() as Float32Array
  const own = new Float32Array(stored.length)
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) own[o * inputs + i] = stored[i * outputs + o]!
  return weightTensor(shape, 'F32', own)
}

export interface DarknetWriteOptions {
  /** Writes the parameters of so many layers, from the first on; all unless given. */
  readonly layers?: number
  /** How many images the network was trained on; 0 unless given. */
  readonly seen?: number | bigint
}

/**
 * A .weights file of version 0.2.5 in parts that share the tensors' memory. The tensors are those of a network that
 * `createDarknet` makes of the configuration, by name. Throws a RangeError for one that is missing or has another shape.
 */
export function darknetChunks(
  config: DarknetConfig,
  tensors: ReadonlyMap<string, WeightTensor>,
  { layers = config.sections.length, seen = 0 }: DarknetWriteOptions = {},
): FileChunks {
  if (!Number.isInteger(layers) || layers < 1 || layers > config.sections.length) {
    throw new RangeError(
      `a cut-off has 1 to ${config.sections.length} layers of this configuration, not ${layers}`,
    )
  }
  const header = new DataView(new ArrayBuffer(20))
  for (const [i, part] of [0, 2, 5].entries()) header.setInt32(4 * i, part, true)
  header.setBigUint64(12, BigInt(seen), true)
  const written = darknetParameters(config).filter(({ place }) => place < layers)
  const chunks = written.map(({ name, shape }) => {
    const tensor = tensors.get(name)
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      const found = tensor === undefined ? 'is missing' : `is ${tensor.shape.join(' x ')}`
      throw new RangeError(`the configuration needs ${name} of ${shape.join(' x ')}, which ${found}`)
    }
    const values = toFloat32(tensor, name)
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  })
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 20)
  return { size, chunks: [new Uint8Array(header.buffer), ...chunks] }
}
