import type { StateDict } from '../weights/index.ts'
import type { Network } from './network.ts'
import { createModel } from './registry.ts'

/** Networks of which the registry has torchvision's definition and timm's. */
const pairs: readonly (readonly [torchvision: string, timm: string])[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => [`efficientnet_b${i}`, `tf_efficientnet_b${i}`] as const),
  ['mnasnet0_5', 'mnasnet_050'],
  ['mnasnet0_75', 'mnasnet_075'],
  ['mnasnet1_0', 'mnasnet_100'],
  ['mobilenet_v2', 'mobilenetv2_100'],
  ['mobilenet_v3_large', 'mobilenetv3_large_100'],
  ['mobilenet_v3_small', 'mobilenetv3_small_100'],
  // Of torchvision's RegNetX-400MF, RegNetY-800MF and RegNetY-8GF timm has definitions of their own, which the registry has not.
  ...['x_800mf', 'x_1_6gf', 'x_3_2gf', 'x_8gf', 'x_16gf', 'x_32gf'].map(
    (size, i) => [`regnet_${size}`, `regnetx_${['008', '016', '032', '080', '160', '320'][i]}`] as const,
  ),
  ...['y_400mf', 'y_1_6gf', 'y_3_2gf', 'y_16gf', 'y_32gf'].map(
    (size, i) => [`regnet_${size}`, `regnety_${['004', '016', '032', '160', '320'][i]}`] as const,
  ),
]

/** The network of the registry that is the same under the other library's names. */
export function counterpartOf(model: string): string | undefined {
  const pair = pairs.find((names) => names.includes(model))
  return pair?.find((name) => name !== model)
}

/** timm's names of torchvision's VGG, whose linear layers are convolutions there. */
const timmVgg: readonly (readonly [theirs: string, own: string])[] = [
  ['pre_logits.fc1.', 'classifier.0.'],
  ['pre_logits.fc2.', 'classifier.3.'],
  ['head.fc.', 'classifier.6.'],
]

/** The network's own name for each tensor as the other library's definition of it calls it; null where there is no other. */
export async function namesOfCounterpart(
  model: string,
  network: Network,
  inChannels: number | undefined,
): Promise<ReadonlyMap<string, string> | null> {
  if (/^vgg\d+(_bn)?$/.test(model)) {
    const theirs = (own: string): string => {
      const row = timmVgg.find(([, prefix]) => own.startsWith(prefix))
      return row === undefined ? own : row[0] + own.slice(row[1].length)
    }
    return new Map([...network.stateDict().keys()].map((own) => [theirs(own), own]))
  }
  const other = counterpartOf(model)
  if (other === undefined) return null
  const twin = await createModel(other, {
    numClasses: network.numClasses,
    ...(inChannels !== undefined && { inChannels }),
  })
  return pairedNames(twin, network)
}

/**
 * The network's own name for each tensor of a file with names of its own (Caffe's, ncnn's, TensorFlow Lite's …) by their order; null
 * where one of them is the network's, too, or where they differ in number, kind or shape.
 */
export function namesByOrder(network: Network, state: StateDict): ReadonlyMap<string, string> | null {
  const own = [...network.stateDict()].filter(([name]) => leafOf(name) !== 'num_batches_tracked')
  if (own.some(([name]) => state.has(name))) return null
  const shapesOf = (tensors: Iterable<readonly [string, { readonly shape: readonly number[] }]>): Shaped[] =>
    Array.from(tensors, ([name, { shape }]) => [name, shape])
  return paired(shapesOf(state), shapesOf(own))
}

type Shaped = readonly [name: string, shape: readonly number[]]

/** Pairs the tensors of two definitions of one network by their order. */
function pairedNames(theirs: Network, own: Network): Map<string, string> | null {
  return paired(ordered(theirs), ordered(own))
}

/** Pairs tensors one by one; null unless each pair is of one kind and of as many values in the same arrangement. */
function paired(from: readonly Shaped[], to: readonly Shaped[]): Map<string, string> | null {
  if (from.length !== to.length) return null
  const names = new Map<string, string>()
  for (const [i, [theirName, theirShape]] of from.entries()) {
    const [ownName, ownShape] = to[i]!
    const sameKind = leafOf(theirName) === leafOf(ownName)
    if (!sameKind || !isFlattening(theirShape, ownShape)) return null
    names.set(theirName, ownName)
  }
  return names
}

function ordered(network: Network): [name: string, shape: readonly number[]][] {
  const named = [...network.stateDict()].map(([name, { shape }]): [string, readonly number[]] => [
    name,
    shape,
  ])
  // torchvision's RegNet has a block's shortcut before what it goes around, timm after it.
  const block = (name: string): string | undefined => /^(.*block\d+-\d+)\.(?:proj|f)\./.exec(name)?.[1]
  const result: [string, readonly number[]][] = []
  let shortcut: [string, readonly number[]][] = []
  let current: string | undefined
  for (const entry of named) {
    const within = block(entry[0])
    if (within !== current) {
      result.push(...shortcut)
      shortcut = []
      current = within
    }
    if (within !== undefined && entry[0].startsWith(`${within}.proj.`)) shortcut.push(entry)
    else result.push(entry)
  }
  return [...result, ...shortcut]
}

function leafOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Whether two shapes hold the same values in the same order with the same first dimension, as a linear layer and a convolution may. */
export function isFlattening(a: readonly number[], b: readonly number[]): boolean {
  const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)
  if (count(a) !== count(b)) return false
  if (a.length === b.length) return a.every((size, i) => size === b[i])
  return a[0] === b[0] && Math.min(a.length, b.length) === 2 && Math.max(a.length, b.length) === 4
}
