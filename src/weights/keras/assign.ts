import type { StoredTensor } from '../state-dict.ts'
import { type Arrangement, arrange, familyOf, guessFamily, type LayerArray, partNamed } from './arrange.ts'
import type { KerasLayer, KerasModel } from './config.ts'
import { booleanOf, type Fields, field } from './fields.ts'
import type { StoredLayers } from './store.ts'

/** What the file says of its layers as a whole. */
export interface FileFacts {
  /** 1, 2 or 3; 0 where the file does not say. */
  readonly keras: number
  /** Kernels were written by Theano, whose convolution turns them. */
  readonly turned: boolean
  /** Kernels are [out, in, height, width]; null where that is not known. */
  readonly outFirst: boolean | null
}

/** A layer that is no model, with its path: the names of the models around it and its own, with dots. */
export interface Leaf {
  readonly path: string
  readonly layer: KerasLayer
}

/** The layers of a model and of those within. */
export function leavesOf(model: KerasModel, prefix = ''): Leaf[] {
  return model.layers.flatMap((layer) =>
    layer.model === null
      ? [{ path: prefix + layer.name, layer }]
      : leavesOf(layer.model, `${prefix}${layer.name}.`),
  )
}

/**
 * The weights of a file by layer, under Ocelli's names and in its layouts. Where the structure is known, layers have their
 * paths in it; what the file holds beyond it keeps its own names.
 */
export function assignWeights(
  stored: StoredLayers,
  model: KerasModel | null,
  facts: FileFacts,
): Map<string, Map<string, StoredTensor>> {
  const leaves = model === null ? [] : leavesOf(model)
  const groups = model === null ? new Map(stored.groups) : placed(stored, model)
  const known = new Set(leaves.map(({ path }) => path))
  const byPath = new Map(
    [...groups].flatMap(([path, arrays]) =>
      known.has(path) ? [[path, arrays] as const] : divided(path, arrays),
    ),
  )
  const classes = new Map(leaves.map(({ path, layer }) => [path, layer]))
  // In the order of the network, then of the file.
  const order = [...leaves.map(({ path }) => path), ...byPath.keys()]
  const result = new Map<string, Map<string, StoredTensor>>()
  for (const path of new Set(order)) {
    const arrays = byPath.get(path)
    if (arrays === undefined || arrays.length === 0) continue
    const layer = classes.get(path)
    const name = layer === undefined ? plainPath(path) : path
    const family = layer === undefined ? guessFamily(arrays, name) : familyOf(layer.className)
    const config = layer?.config ?? {}
    result.set(name, arrange(family, arrays, config, arrangementOf(config, facts)))
  }
  return result
}

/** Groups of Keras 3 that stand for no layer. */
const containers: ReadonlySet<string> = new Set(['layers', '_layer_checkpoint_dependencies'])

/** The arrays of a group that holds those of several layers, by what stands before their own names. */
function divided(
  group: string,
  arrays: readonly LayerArray[],
): (readonly [path: string, arrays: readonly LayerArray[]])[] {
  const parts = new Map<string, LayerArray[]>()
  for (const array of arrays)
    append(parts, array.name.slice(0, Math.max(0, array.name.lastIndexOf('/'))), array)
  // Layers made by hand have names such as those of one layer, with a path in some.
  const byHand = arrays.some(({ name }) => partNamed(name) === undefined)
  if (parts.size < 2 || (byHand && guessFamily(arrays, group) !== undefined)) return [[group, arrays]]
  return [...parts].map(([prefix, own]) => [prefix === '' ? group : `${group}.${prefix}`, own])
}

function plainPath(group: string): string {
  const parts = group.split('/').filter((part) => !containers.has(part))
  return parts.join('/') || 'model'
}

/** Only Keras 1 stored kernels as Theano has them. */
function arrangementOf(config: Fields, { keras, turned, outFirst }: FileFacts): Arrangement {
  const order = field(config, 'dim_ordering')
  if (keras > 1) return { turned, outFirst: false }
  return { turned, outFirst: outFirst ?? (order === undefined ? null : order === 'th') }
}

function placed(stored: StoredLayers, model: KerasModel): Map<string, readonly LayerArray[]> {
  const byPath = new Map<string, readonly LayerArray[]>()
  if (stored.naming === 'classes') {
    const rest = new Map(stored.groups)
    placeByClass(rest, model, '', '', byPath)
    for (const [group, arrays] of rest) byPath.set(group, arrays)
  } else placeByName(stored.groups, model, byPath)
  return byPath
}

/**
 * Keras 3 names groups after classes, and counts those of the same class among the layers of a model. Groups that find
 * their layer are taken out.
 */
function placeByClass(
  groups: Map<string, readonly LayerArray[]>,
  model: KerasModel,
  group: string,
  prefix: string,
  byPath: Map<string, readonly LayerArray[]>,
): void {
  const counts = new Map<string, number>()
  for (const layer of model.layers) {
    const name = snakeCase(layer.className)
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    const own = count === 0 ? name : `${name}_${count}`
    const path = prefix + layer.name
    for (const container of containers) {
      const place = group === '' ? `${container}/${own}` : `${group}/${container}/${own}`
      if (layer.model !== null) placeByClass(groups, layer.model, place, `${path}.`, byPath)
      const arrays = groups.get(place)
      if (arrays !== undefined) byPath.set(path, arrays)
      groups.delete(place)
    }
  }
}

function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

/** Groups named after layers; that of a model holds the arrays of all its layers. */
function placeByName(
  groups: ReadonlyMap<string, readonly LayerArray[]>,
  model: KerasModel,
  byPath: Map<string, readonly LayerArray[]>,
): void {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]))
  const withWeights = [...groups].filter(([, arrays]) => arrays.length > 0)
  const numbered = withWeights.every(([name]) => /^layer_\d+$/.test(name) && !layers.has(name))
  if (numbered) return placeByNumber(groups, model, byPath)
  for (const [name, arrays] of groups) {
    const inner = layers.get(name)?.model ?? null
    if (inner === null) byPath.set(name, arrays)
    else placeNested(arrays, leavesOf(inner, `${name}.`), name, byPath)
  }
}

/** `layer_3` is the fourth of the layers, without the inputs that newer versions count. */
function placeByNumber(
  groups: ReadonlyMap<string, readonly LayerArray[]>,
  model: KerasModel,
  byPath: Map<string, readonly LayerArray[]>,
): void {
  const layers = model.layers.filter(({ name }) => !name.endsWith('/input'))
  for (const [name, arrays] of groups) {
    byPath.set(layers[Number(name.slice('layer_'.length))]?.name ?? name, arrays)
  }
}

/** Arrays of all layers within a model: by the names of layers in theirs, else by their order. */
export function placeNested(
  arrays: readonly LayerArray[],
  leaves: readonly Leaf[],
  name: string,
  byPath: Map<string, readonly LayerArray[]>,
): void {
  const found = placeByPrefix(arrays, leaves) ?? placeByOrder(arrays, leaves)
  if (found === undefined) byPath.set(name, arrays)
  else for (const [path, own] of found) byPath.set(path, own)
}

/** By the words before an array's own name: the layer's name, after those of models. */
export function placeByPrefix(
  arrays: readonly LayerArray[],
  leaves: readonly Leaf[],
): Map<string, LayerArray[]> | undefined {
  const paths = new Map<string, string | null>()
  for (const { path, layer } of leaves) {
    paths.set(layer.name, paths.has(layer.name) ? null : path)
    paths.set(path.replaceAll('.', '/'), path)
  }
  const result = new Map<string, LayerArray[]>()
  for (const array of arrays) {
    const words = array.name.split('/').slice(0, -1)
    const suffix = words.map((_, i) => words.slice(i).join('/')).find((each) => paths.has(each))
    const path = suffix === undefined ? undefined : paths.get(suffix)
    if (path === undefined || path === null) return undefined
    append(result, path, array)
  }
  return result
}

/** What is trained of all layers, then the rest of all layers; or layer by layer, as Keras does for frozen models. */
function placeByOrder(
  arrays: readonly LayerArray[],
  leaves: readonly Leaf[],
): Map<string, LayerArray[]> | undefined {
  const parts = leaves.flatMap(({ path, layer }) => expectedParts(layer).map((part) => ({ path, part })))
  const isKept = ({ part }: { part: string }): boolean => /^(moving_|mean|variance|count)/.test(part)
  const trainedFirst = [...parts.filter((part) => !isKept(part)), ...parts.filter(isKept)]
  for (const order of [trainedFirst, parts]) {
    if (order.length !== arrays.length) return undefined
    const fits = order.every(({ part }, i) => {
      const { name, tensor } = arrays[i]!
      const named = partNamed(name)
      return (named === undefined || named === part) && tensor.shape.length > 1 === /kernel|alpha/.test(part)
    })
    if (!fits) continue
    const result = new Map<string, LayerArray[]>()
    for (const [i, { path }] of order.entries()) append(result, path, arrays[i]!)
    return result
  }
  return undefined
}

/** The arrays that a layer has by its settings. */
function expectedParts({ className, config }: KerasLayer): string[] {
  const bias = booleanOf(config, ['use_bias', 'bias'], true) ? ['bias'] : []
  const gamma = booleanOf(config, ['scale'], true) ? ['gamma'] : []
  const beta = booleanOf(config, ['center'], true) ? ['beta'] : []
  switch (familyOf(className)) {
    case 'convolution':
    case 'transposed':
    case 'dense':
      return ['kernel', ...bias]
    case 'depthwise':
      return ['depthwise_kernel', ...bias]
    case 'separable':
      return ['depthwise_kernel', 'pointwise_kernel', ...bias]
    case 'batchNormalization':
      return [...gamma, ...beta, 'moving_mean', 'moving_variance']
    case 'normalization':
      return [...gamma, ...beta]
    case 'prelu':
      return ['alpha']
    case 'statistics':
      return ['mean', 'variance', 'count']
    default:
      return []
  }
}

/** Adds to the list of a key. */
export function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
