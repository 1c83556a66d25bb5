import type { GraphModel } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import { type Extent, LayerGraph } from '../layers/graph.ts'
import type { Checkpoint, LoadOptions } from '../load.ts'
import { baseName, type RandomAccess, requireSibling } from '../random-access.ts'
import type { StoredTensor } from '../state-dict.ts'
import { convolutionLayers } from './convolutions.ts'
import { elementwiseLayers } from './elementwise.ts'
import { CaffeLayer, type Surroundings, type Translate } from './kind.ts'
import { type LayerEntry, type Net, readCaffemodel, readPrototxt } from './net.ts'
import { dataShape, isData, isForTraining, leftOut, netInputs, runsInTests } from './phase.ts'
import { shapeLayers } from './shapes.ts'
import { stateDictOf } from './weights.ts'

const translators: ReadonlyMap<string, Translate> = new Map(
  Object.entries({ ...convolutionLayers, ...elementwiseLayers, ...shapeLayers }),
)

/**
 * Opens a network of Caffe by its .caffemodel or its .prototxt file. The structure is that of `options.structure`, else of the
 * .prototxt file of the same name, else of `deploy.prototxt` in the same folder, else what the .caffemodel itself says.
 */
export async function openCaffeFiles(source: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  const base = baseName(source.name)
  const isText = /\.prototxt(\.txt)?$/i.test(base)
  const stem = base.replace(/\.(caffemodel|prototxt(\.txt)?)$/i, '')
  const model = isText
    ? await requireSibling(source, `${stem}.caffemodel`, 'what a network of Caffe has learned')
    : source
  const structure = isText
    ? source
    : (options.structure ??
      (await source.sibling?.(`${stem}.prototxt`)) ??
      (await source.sibling?.('deploy.prototxt')) ??
      null)
  const learned = await readCaffemodel(model)
  const tensors = stateDictOf(learned.layers, model.name)
  return {
    format: 'caffe',
    tensors,
    metadata: {},
    key: '',
    values: {},
    network: async () => {
      const net = structure === null ? learned : await readPrototxt(structure)
      return graphOf(net, tensors, (structure ?? model).name)
    },
  }
}

function graphOf(net: Net, tensors: ReadonlyMap<string, StoredTensor>, file: string): GraphModel {
  const layers = net.layers.filter(runsInTests)
  refuseUnknown(layers, file)
  const graph = new LayerGraph(file, tensors)
  const omitted = new Set<string>()
  const gone: string[] = []
  let batch: Extent = null
  const addInput = (blob: string, shape: readonly Extent[]): void => {
    batch ??= shape[0] ?? null
    graph.addInput(blob, [null, ...shape.slice(1)])
  }
  for (const { blob, shape } of netInputs(net.message, file)) addInput(blob, shape)
  const uses = new Map<string, number>()
  for (const { bottoms } of layers) for (const blob of bottoms) uses.set(blob, (uses.get(blob) ?? 0) + 1)
  for (const entry of layers) {
    if (isData(entry)) {
      // The first blob holds images; labels and the like have no use but for what is left out.
      for (const [i, top] of entry.tops.entries()) {
        if (i === 0 || entry.type === 'Input') addInput(top, dataShape(entry, i))
        else omitted.add(top)
      }
      continue
    }
    const orphaned = entry.bottoms.length > 0 && entry.bottoms.every((blob) => omitted.has(blob))
    if (isForTraining(entry) || leftOut.has(entry.type) || orphaned) {
      if (entry.type === 'Silence') for (const blob of entry.bottoms) graph.take(blob)
      for (const top of entry.tops) omitted.add(top)
      if (!isForTraining(entry)) gone.push(`${entry.name} (${entry.type})`)
      continue
    }
    translate(entry, graph, { batch, uses }, file)
  }
  const model = graph.finish(net.name, 'Caffe')
  return gone.length === 0 ? model : { ...model, metadata: { 'left out': gone.join(', ') } }
}

function translate(entry: LayerEntry, graph: LayerGraph, surroundings: Surroundings, file: string): void {
  const inputs = entry.bottoms.map((blob) => {
    const value = graph.take(blob)
    if (value !== undefined) return value
    throw new CheckpointError(
      file,
      `layer ${entry.name} (${entry.type}) takes the blob ${blob}, which no layer before it makes`,
    )
  })
  const layer = new CaffeLayer(graph, entry, inputs, surroundings)
  const outputs = translators.get(entry.type)!(layer)
  if (outputs.length < entry.tops.length) {
    layer.fail(`makes ${entry.tops.length} blobs; ${outputs.length} are supported`)
  }
  for (const [i, top] of entry.tops.entries()) graph.define(top, outputs[i]!)
}

function refuseUnknown(layers: readonly LayerEntry[], file: string): void {
  const unknown = new Set<string>()
  for (const entry of layers) {
    if (translators.has(entry.type) || leftOut.has(entry.type)) continue
    if (!isData(entry) && !isForTraining(entry)) unknown.add(entry.type)
  }
  if (unknown.size === 0) return
  const named = [...unknown].slice(0, 20).map((type) => type.slice(0, 60))
  throw new CheckpointError(file, `has layers that are not supported: ${named.join(', ')}`)
}
