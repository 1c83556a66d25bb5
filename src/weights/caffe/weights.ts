import { CheckpointError } from '../errors.ts'
import { type StoredTensor, toFloat32, weightTensor, weightTensorFromBytes } from '../state-dict.ts'
import type { LayerEntry } from './net.ts'

/** What the blobs of a layer are called in a state dict; '' for one that has no place there. */
const names: Readonly<Record<string, readonly string[]>> = {
  BatchNorm: ['running_mean', 'running_var', ''],
  Bias: ['bias'],
  Convolution: ['weight', 'bias'],
  ConvolutionDepthwise: ['weight', 'bias'],
  Deconvolution: ['weight', 'bias'],
  DepthwiseConvolution: ['weight', 'bias'],
  InnerProduct: ['weight', 'bias'],
  Normalize: ['weight'],
  PReLU: ['weight'],
  Parameter: ['data'],
  Scale: ['weight', 'bias'],
}

/** The weights of a network's layers by the names of the layers and what they are for. */
export function stateDictOf(layers: readonly LayerEntry[], file: string): Map<string, StoredTensor> {
  const weights = new Map<string, StoredTensor>()
  for (const layer of layers) {
    if (layer.blobs.length === 0) continue
    if (weights.has(nameOf(layer, 0))) throw new CheckpointError(file, `two layers are named ${layer.name}`)
    for (const [part, tensor] of partsOf(layer, file)) weights.set(`${layer.name}.${part}`, tensor)
  }
  return weights
}

function partNames({ type, bottoms, blobs }: LayerEntry): readonly string[] {
  // A scale that takes its factors from a second blob has learned but a bias.
  if (type === 'Scale' && bottoms.length > 1) return ['bias']
  return names[type] ?? blobs.map((_, i) => `blobs.${i}`)
}

const nameOf = (layer: LayerEntry, index: number): string => `${layer.name}.${partNames(layer)[index]}`

function partsOf(layer: LayerEntry, file: string): [name: string, tensor: StoredTensor][] {
  const { type, blobs } = layer
  const parts = partNames(layer)
  if (blobs.length > parts.length || (type === 'BatchNorm' && blobs.length !== 3)) {
    throw new CheckpointError(file, `layer ${layer.name} (${type}) has ${blobs.length} blobs`)
  }
  if (type === 'BatchNorm') {
    const [mean, variance, factor] = blobs as [StoredTensor, StoredTensor, StoredTensor]
    return [
      ['running_mean', overFactor(mean, factor)],
      ['running_var', overFactor(variance, factor)],
    ]
  }
  return blobs.map((blob, i) => [parts[i]!, shapedFor(type, parts[i]!, blob)])
}

/** Statistics are stored as sums, with the number by which they are to be divided beside them. */
function overFactor(sums: StoredTensor, factor: StoredTensor): StoredTensor {
  const count = countOf(sums)
  return {
    shape: [count],
    dtype: 'F32',
    read: async () => {
      const values = toFloat32(await sums.read()).slice()
      const [by = 0] = toFloat32(await factor.read())
      for (let i = 0; i < values.length; i++) values[i] = by === 0 ? 0 : values[i]! / by
      return weightTensor([count], 'F32', values)
    },
  }
}

/** Files of before 2015 give every blob four dimensions: vectors and matrices lose those that are 1. */
function shapedFor(type: string, part: string, blob: StoredTensor): StoredTensor {
  const { shape } = blob
  if (part === 'bias' && type !== 'Bias' && type !== 'Scale') return reshaped(blob, [countOf(blob)])
  if (type === 'InnerProduct' && shape.length === 4 && shape[0] === 1 && shape[1] === 1) {
    return reshaped(blob, shape.slice(2))
  }
  return blob
}

const countOf = ({ shape }: StoredTensor): number => shape.reduce((product, extent) => product * extent, 1)

function reshaped(blob: StoredTensor, shape: readonly number[]): StoredTensor {
  return {
    shape,
    dtype: blob.dtype,
    read: async () => weightTensorFromBytes(shape, blob.dtype, (await blob.read()).bytes()),
  }
}
