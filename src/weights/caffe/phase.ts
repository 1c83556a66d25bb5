import { CheckpointError } from '../errors.ts'
import type { Extent } from '../layers/graph.ts'
import type { Message } from './message.ts'
import type { LayerEntry } from './net.ts'

/** What turns a detector's numbers into boxes: left out, so that a network ends with those numbers. */
export const leftOut: ReadonlySet<string> = new Set(['DetectionOutput', 'PriorBox'])

/** Whether a layer only measures or trains. */
export function isForTraining({ type }: LayerEntry): boolean {
  return type.endsWith('Loss') || ['Accuracy', 'HDF5Output', 'Silence'].includes(type)
}

/** Whether a layer brings the data in. */
export function isData({ type, bottoms }: LayerEntry): boolean {
  return bottoms.length === 0 && (type === 'Input' || type.endsWith('Data'))
}

/** Whether a layer is part of the network when it is used: in the phase TEST, at level 0, in no stage. */
export function runsInTests({ message }: LayerEntry): boolean {
  const meets = (rule: Message): boolean =>
    rule.choice('phase', { 0: 'TRAIN', 1: 'TEST' }, 'TEST') === 'TEST' &&
    rule.int('min_level', 0) <= 0 &&
    rule.int('max_level', 0) >= 0 &&
    rule.texts('stage').length === 0
  const include = message.messages('include')
  if (include.length > 0) return include.some(meets)
  return !message.messages('exclude').some(meets)
}

/** A shape as [n, c, h, w] or any other; sizes below 1 are not known. */
function extentsOf(sizes: readonly number[]): Extent[] {
  return sizes.map((size) => (size >= 1 ? size : null))
}

/** The inputs that a network lists by itself, as before there was a layer for them. */
export function netInputs(message: Message, file: string): { blob: string; shape: Extent[] }[] {
  const blobs = message.texts('input')
  const shapes = message.messages('input_shape')
  const sizes = message.ints('input_dim')
  if (shapes.length === 0 && sizes.length !== 0 && sizes.length !== 4 * blobs.length) {
    throw new CheckpointError(
      file,
      `gives ${sizes.length} of the 4 sizes for each of its ${blobs.length} inputs`,
    )
  }
  return blobs.map((blob, i) => {
    const given = shapes[i]?.ints('dim') ?? sizes.slice(4 * i, 4 * i + 4)
    return { blob, shape: given.length === 0 ? [null, null, null, null] : extentsOf(given) }
  })
}

/** The shape of what a data layer makes, as far as it says: of one that reads files, the size to which it crops. */
export function dataShape({ type, message }: LayerEntry, index: number): Extent[] {
  if (type === 'Input' || type === 'DummyData') {
    const settings = message.message(type === 'Input' ? 'input_param' : 'dummy_data_param')
    const shapes = settings.messages('shape')
    const sizes = (shapes[index] ?? shapes[0])?.ints('dim')
    return sizes === undefined || sizes.length === 0 ? [null, null, null, null] : extentsOf(sizes)
  }
  if (type === 'MemoryData') {
    const settings = message.message('memory_data_param')
    return extentsOf(['batch_size', 'channels', 'height', 'width'].map((name) => settings.int(name, 0)))
  }
  const crops = ['transform_param', 'data_param', 'image_data_param'].map((name) =>
    message.message(name).int('crop_size', 0),
  )
  const side = crops.find((size) => size > 0) ?? null
  return [null, null, side, side]
}
