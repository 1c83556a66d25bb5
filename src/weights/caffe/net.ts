import { CheckpointError } from '../errors.ts'
import { type Field, readMessage } from '../protobuf.ts'
import { type FieldRange, messageRanges, readRange } from '../protobuf-ranges.ts'
import type { RandomAccess } from '../random-access.ts'
import type { StoredTensor } from '../state-dict.ts'
import { openBlob } from './blob.ts'
import { type Budget, Message, newBudget } from './message.ts'
import { layerSchema, netSchema, oldLayerSchema, oldTypes, places, type Schema } from './schema.ts'
import { parseText } from './text.ts'

/** One layer of a network, in the terms of `LayerParameter`. */
export interface LayerEntry {
  readonly name: string
  readonly type: string
  readonly bottoms: readonly string[]
  readonly tops: readonly string[]
  readonly message: Message
  /** What it has learned, where the file holds it. */
  readonly blobs: readonly StoredTensor[]
}

export interface Net {
  readonly name: string
  readonly message: Message
  readonly layers: readonly LayerEntry[]
}

const maximalTextSize = 2 ** 24
const maximalLayers = 2 ** 16
/** More than any layer's settings take, its blobs apart. */
const maximalFieldSize = 2 ** 20

/** A network's structure from a .prototxt file. */
export async function readPrototxt(source: RandomAccess): Promise<Net> {
  if (source.size > maximalTextSize) {
    throw new CheckpointError(source.name, `has ${source.size} bytes, too many for a .prototxt file`)
  }
  const message = parseText(new TextDecoder().decode(await source.read(0, source.size)), source.name)
  const layers = [...message.messages('layer'), ...message.messages('layers')]
  if (layers.length === 0) {
    throw new CheckpointError(source.name, 'describes no network: it has no layers', undefined, {
      advice: 'a solver is in another file than the network',
    })
  }
  return {
    name: message.text('name'),
    message,
    layers: layers.map((layer) => entryOf(layer, [], source.name)),
  }
}

/** A network from a .caffemodel file; of its blobs only shapes are read. */
export async function readCaffemodel(source: RandomAccess): Promise<Net> {
  const fail = (what: string): never => {
    throw new CheckpointError(source.name, what)
  }
  const budget = newBudget()
  const message = new Message(fail, budget)
  const layers: LayerEntry[] = []
  for await (const field of messageRanges(source, 0, source.size)) {
    if (field.number === places.layer || field.number === places.oldLayer) {
      if (field.wire !== 'bytes') fail('is no .caffemodel: a layer is no message')
      if (layers.length >= maximalLayers) fail(`has more than ${maximalLayers} layers`)
      layers.push(await readLayer(source, field, budget))
    } else if (netSchema[field.number] !== undefined) {
      await addField(source, field, netSchema, message)
    }
  }
  if (layers.length === 0) fail('is no .caffemodel, or an empty one: it has no layers')
  return { name: message.text('name'), message, layers }
}

async function readLayer(
  source: RandomAccess,
  { number, offset, length }: FieldRange,
  budget: Budget,
): Promise<LayerEntry> {
  const old = number === places.oldLayer
  const [schema, blobField] = old ? [oldLayerSchema, places.oldLayerBlobs] : [layerSchema, places.layerBlobs]
  const message = new Message((what) => {
    throw new CheckpointError(source.name, `in the layer at byte ${offset}: ${what}`)
  }, budget)
  const ranges: FieldRange[] = []
  for await (const field of messageRanges(source, offset, offset + length)) {
    if (field.number === blobField) ranges.push(field)
    else if (schema[field.number] !== undefined) await addField(source, field, schema, message)
    if (ranges.length > 2 ** 10) throw new CheckpointError(source.name, 'a layer has too many blobs', offset)
  }
  const name = message.text('name')
  const blobs: StoredTensor[] = []
  for (const [i, range] of ranges.entries()) {
    blobs.push(await openBlob(source, range, `blob ${i} of layer ${name}`))
  }
  return entryOf(message, blobs, source.name)
}

async function addField(
  source: RandomAccess,
  field: FieldRange,
  schema: Schema,
  message: Message,
): Promise<void> {
  if (field.length > maximalFieldSize) {
    throw new CheckpointError(source.name, `field ${field.number} has ${field.length} bytes`, field.offset)
  }
  const bytes = await readRange(source, field)
  for (const only of readMessage(bytes, source.name, field.start)) addTo(message, only, schema)
}

function addTo(message: Message, field: Field, schema: Schema): void {
  const entry = schema[field.number]
  if (entry === undefined) return
  const [name, kind] = entry
  if (kind === 'text') message.add(name, field.text())
  else if (kind === 'int') for (const value of field.ints()) message.add(name, value)
  else if (kind === 'float') for (const value of field.floats()) message.add(name, value)
  else {
    const inner = message.empty()
    for (const child of field.message()) addTo(inner, child, kind)
    message.add(name, inner)
  }
}

/** The same for both kinds of layer: V1 has its type as an enum, later ones as text. */
function entryOf(message: Message, blobs: readonly StoredTensor[], file: string): LayerEntry {
  if (message.has('layer')) {
    throw new CheckpointError(file, 'is of Caffe before 2014, whose layers are nested', undefined, {
      advice: "convert it with Caffe's upgrade_net_proto_binary or upgrade_net_proto_text",
    })
  }
  return {
    name: message.text('name'),
    type: typeOf(message, file),
    bottoms: message.texts('bottom'),
    tops: message.texts('top'),
    message,
    blobs,
  }
}

const typesByOldName = new Map(Object.values(oldTypes).map(([old, type]) => [old, type]))

function typeOf(message: Message, file: string): string {
  const value = message.raw('type')
  const name = message.has('name') ? message.text('name') : 'without a name'
  if (typeof value === 'string') return value
  const type =
    typeof value === 'number'
      ? oldTypes[value]?.[1]
      : typesByOldName.get(value === undefined ? '' : String(value))
  if (type !== undefined) return type
  const what = value === undefined ? 'has no type' : `has the type ${value}, which is not known`
  throw new CheckpointError(file, `the layer ${name} ${what}`)
}
