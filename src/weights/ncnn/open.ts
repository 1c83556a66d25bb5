import type { GraphModel } from '../../onnx/model.ts'
import { CheckpointError, copyAgain } from '../errors.ts'
import { LayerGraph } from '../layers/graph.ts'
import type { Checkpoint, LoadOptions } from '../load.ts'
import { baseName, type RandomAccess, requireSibling } from '../random-access.ts'
import type { StoredTensor } from '../state-dict.ts'
import { readWeights, type WeightPart } from './bin.ts'
import { NcnnLayer } from './kind.ts'
import { kinds, leftOut } from './kinds.ts'
import { type LayerLine, magic, parseParam } from './param.ts'

/** A file of layers as text takes some hundred bytes a layer. */
const maximalParamSize = 2 ** 24

/** Opens a network of ncnn by its .param or its .bin file; the other has the same name, or is `options.structure`. */
export async function openNcnnFiles(source: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  const start = await source.read(0, Math.min(source.size, magic.length))
  const isParam = new TextDecoder().decode(start) === magic
  const stem = baseName(source.name).replace(/\.(param|bin)$/i, '')
  const param = isParam
    ? source
    : (options.structure ??
      (await requireSibling(source, `${stem}.param`, 'the structure of an ncnn network')))
  const bin = isParam
    ? await requireSibling(source, `${stem}.bin`, 'what an ncnn network has learned')
    : source
  if (param.size > maximalParamSize)
    throw new CheckpointError(param.name, `has ${param.size} bytes, too many for a .param file`)
  const text = new TextDecoder().decode(await param.read(0, param.size))
  const layers = parseParam(text, param.name)
  refuseUnknown(layers, param.name)
  const tensors = await readWeights(bin, layers, (line) => partsOf(line, param.name))
  return {
    format: 'ncnn',
    tensors,
    metadata: {},
    key: '',
    values: {},
    network: async () => graphOf(layers, tensors, param.name),
  }
}

function refuseUnknown(layers: readonly LayerLine[], file: string): void {
  if (layers.some(({ type }) => type.startsWith('pnnx.') || type.startsWith('nn.'))) {
    throw new CheckpointError(file, "is pnnx's own graph of a PyTorch network", undefined, {
      advice: 'name the file that ends in .ncnn.param beside it',
    })
  }
  const unknown = new Set<string>()
  for (const { type } of layers)
    if (type !== 'Input' && !kinds.has(type) && !leftOut.has(type)) unknown.add(type)
  if (unknown.size === 0) return
  const named = [...unknown].slice(0, 20).map((type) => type.slice(0, 60))
  throw new CheckpointError(file, `has layers that are not supported: ${named.join(', ')}`)
}

function partsOf(line: LayerLine, file: string): readonly WeightPart[] {
  const fail = (what: string): never => {
    throw new CheckpointError(file, `line ${line.line}: layer ${line.name} (${line.type}): ${what}`)
  }
  return kinds.get(line.type)?.parts?.(line, fail) ?? []
}

function graphOf(
  layers: readonly LayerLine[],
  tensors: ReadonlyMap<string, StoredTensor>,
  file: string,
): GraphModel {
  const graph = new LayerGraph(file, tensors)
  const omitted = new Set<string>()
  const gone: string[] = []
  for (const line of layers) {
    if (line.type === 'Input') {
      for (const top of line.tops) graph.addInput(top, inputShape(line))
      continue
    }
    // With a layer that is left out goes what only it was for.
    if (
      leftOut.has(line.type) ||
      (line.bottoms.length > 0 && line.bottoms.every((blob) => omitted.has(blob)))
    ) {
      for (const top of line.tops) omitted.add(top)
      gone.push(`${line.name} (${line.type})`)
      continue
    }
    const inputs = line.bottoms.map((blob) => {
      const value = graph.take(blob)
      if (value !== undefined) return value
      const what = `line ${line.line}: layer ${line.name} takes the blob ${blob}, which no layer before it makes`
      throw new CheckpointError(file, what, undefined, { advice: copyAgain })
    })
    const layer = new NcnnLayer(graph, line, inputs)
    const outputs = kinds.get(line.type)!.translate(layer)
    if (outputs.length < line.tops.length)
      layer.fail(`makes ${line.tops.length} blobs; ${outputs.length} are supported`)
    for (const [i, top] of line.tops.entries()) graph.define(top, outputs[i]!)
  }
  const model = graph.finish(baseName(file).replace(/\.param$/i, ''), 'ncnn')
  return gone.length === 0 ? model : { ...model, metadata: { 'left out': gone.join(', ') } }
}

/** The batch, and [c, d, h, w], of which those that are missing are free; without any, images of any size. */
function inputShape({ params, tops }: LayerLine): (number | null)[] {
  const sizes = [2, 11, 1, 0].map((id) => params.int(id, 0))
  const given = sizes.filter((size) => size > 0)
  if (given.length > 0) return [null, ...given]
  // A hint of the blob's dimensions and its width, height and channels.
  const [rank = 0, ...hint] = tops.length === 1 ? params.list(30) : []
  const extents = hint.slice(0, 4).filter((size) => size > 0)
  if (rank >= 1 && rank <= 3 && extents.length >= rank) {
    const [w, h, c] = hint
    return [null, ...[c, h, w].slice(3 - rank).map((size) => size ?? null)]
  }
  return [null, null, null, null]
}
