import type { Dataset } from '../hdf5/dataset.ts'
import { type Group, isGroupMember } from '../hdf5/file.ts'
import { damaged } from '../hdf5/reader.ts'
import type { LayerArray } from './arrange.ts'

/** The arrays of layers as a file groups them, in its order. */
export interface StoredLayers {
  /**
   * How groups are named: after layers (Keras 1 and 2), or after their classes, counted, in paths such as
   * `layers/conv2d_1` (Keras 3).
   */
  readonly naming: 'layers' | 'classes'
  readonly groups: ReadonlyMap<string, readonly LayerArray[]>
}

const maxGroups = 20_000
const maxDepth = 32

/** The arrays of a Keras file; undefined where an HDF5 file is not one of Keras. */
export async function readStoredLayers(root: Group): Promise<StoredLayers | undefined> {
  const inner = await root.get('model_weights')
  const group = isGroupMember(inner) ? inner : root
  const names = await readNames(group, 'layer_names')
  if (names !== undefined) return { naming: 'layers', groups: await readNamedLayers(group, names) }
  const members = await group.names()
  const numbered = members.filter((name) => /^layer_\d+$/.test(name)).sort(naturally)
  if (numbered.length > 0) return { naming: 'layers', groups: await readNumberedLayers(group, numbered) }
  const groups = new Map<string, LayerArray[]>()
  await collectVariables(group, '', groups, { count: 0 }, 0)
  return groups.size === 0 ? undefined : { naming: 'classes', groups }
}

/** A list of names, which Keras spreads over attributes with a number where it is too long for one. */
async function readNames(group: Group, attribute: string): Promise<readonly string[] | undefined> {
  const whole = await group.strings(attribute)
  if (whole !== undefined) return whole
  const all: string[] = []
  for (let i = 0; ; i++) {
    const part = await group.strings(`${attribute}${i}`)
    if (part === undefined) return i === 0 ? undefined : all
    all.push(...part)
  }
}

async function readNamedLayers(group: Group, names: readonly string[]): Promise<Map<string, LayerArray[]>> {
  const layers = new Map<string, LayerArray[]>()
  // Weights of the model itself are beside those of its layers.
  for (const name of [...names, 'top_level_model_weights']) {
    const layer = await group.get(name)
    if (!isGroupMember(layer)) {
      if (name === 'top_level_model_weights') continue
      throw damaged(group.source, `the group of the layer ${name} is missing`)
    }
    const arrays: LayerArray[] = []
    for (const weight of (await readNames(layer, 'weight_names')) ?? []) {
      arrays.push({ name: weight, tensor: await requireDataset(layer, weight) })
    }
    layers.set(name, arrays)
  }
  return layers
}

/** The first layout of Keras 1: `layer_3/param_0`. */
async function readNumberedLayers(
  group: Group,
  names: readonly string[],
): Promise<Map<string, LayerArray[]>> {
  const layers = new Map<string, LayerArray[]>()
  for (const name of names) {
    const layer = await group.get(name)
    if (!isGroupMember(layer)) continue
    const arrays: LayerArray[] = []
    const params = (await layer.names()).filter((each) => /^param_\d+$/.test(each)).sort(naturally)
    for (const param of params) arrays.push({ name: param, tensor: await requireDataset(layer, param) })
    layers.set(name, arrays)
  }
  return layers
}

async function requireDataset(group: Group, name: string): Promise<Dataset> {
  const found = await group.get(name)
  if (found === undefined || isGroupMember(found)) {
    throw damaged(group.source, `${group.path}/${name} is missing`)
  }
  return found
}

/** Every group of Keras 3 that has variables, by its path. What the optimizer keeps is left out. */
async function collectVariables(
  group: Group,
  path: string,
  found: Map<string, LayerArray[]>,
  seen: { count: number },
  depth: number,
): Promise<void> {
  if (++seen.count > maxGroups || depth > maxDepth) {
    throw damaged(group.source, `more than ${maxGroups} groups, or ${maxDepth} within one another`)
  }
  for (const name of [...(await group.names())].sort(naturally)) {
    if (depth === 0 && /^(optimizer|_?optimizer_weights)$/.test(name)) continue
    const member = await group.get(name)
    if (!isGroupMember(member)) continue
    if (name !== 'vars') {
      await collectVariables(member, path === '' ? name : `${path}/${name}`, found, seen, depth + 1)
      continue
    }
    const arrays: LayerArray[] = []
    for (const variable of [...(await member.names())].sort(naturally)) {
      const tensor = await member.get(variable)
      if (tensor !== undefined && !isGroupMember(tensor)) arrays.push({ name: variable, tensor })
    }
    if (arrays.length > 0) found.set(path, arrays)
  }
}

/** `conv2d_2` before `conv2d_10`. */
function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
