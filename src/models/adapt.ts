import type { Tensor } from '../tensor/index.ts'
import {
  type StateDict,
  toFloat32,
  type WeightTensor,
  weightTensor,
  weightTensorFromBytes,
} from '../weights/index.ts'
import { stripPrefixes } from '../weights/pytorch-state.ts'
import { isFlattening, namesByOrder, namesOfCounterpart } from './counterparts.ts'
import { namesFromKeras } from './keras-names.ts'
import type { Network } from './network.ts'

/** One way in which tensors of a file were changed to fit a network. */
export interface Adaptation {
  readonly kind: 'wrapper' | 'average' | 'naming' | 'classifier' | 'inputChannels' | 'headless'
  /** What was done, in a sentence for people. */
  readonly text: string
  /** The network's names of the tensors concerned, where it is not all of them. */
  readonly names: readonly string[]
}

export interface AdaptedState {
  /** Under the network's own names and in its shapes. The tensors that needed no change are those given, not copies. */
  readonly tensors: StateDict
  readonly adaptations: readonly Adaptation[]
  /** Tensors of the network that keep the values they have, such as those of a classifier for other classes. */
  readonly kept: readonly string[]
  /** How many classes the file's classifier has, where it is left out for having others than the network. */
  readonly otherClasses: number | null
}

export interface AdaptOptions {
  /** The network's name in the registry, by which the names of other libraries for it are known. */
  readonly model?: string
  /** The channels of the images, where they were asked for; a first convolution of another number is changed to them. */
  readonly inChannels?: number
  /** Takes the averaged weights (EMA) of a file that holds both; the others unless given. */
  readonly ema?: boolean
  /** The file may lack the network's head, and a head in it is left out. */
  readonly headless?: boolean
}

/**
 * Fits the tensors of a file to a network: takes off what wrappers put before the names (`module.`, `model.`, `state_dict.` …), picks
 * the averaged or the plain weights where a file holds both, translates names (between torchvision's and timm's, from Keras' own, and by order and shape where the file's names are of neither), leaves out
 * classifiers for another number of classes (all of the network's heads), and sums or repeats the first convolution for another
 * number of channels as timm does. What fits in no such way is left as it is: `loadStateDict` says what is wrong with it.
 */
export async function adaptStateDict(
  network: Network,
  tensors: StateDict,
  options: AdaptOptions = {},
): Promise<AdaptedState> {
  const adaptations: Adaptation[] = []
  let state = unwrapped(network, tensors, options.ema ?? false, adaptations)
  if (!fitsByName(network, state)) {
    const translated = await translatedNames(network, state, options)
    if (translated !== null) {
      adaptations.push({ kind: 'naming', text: translated.text, names: [] })
      state = translated.state
    }
  }
  const own = network.stateDict()
  const heads = options.headless ? network.headNames() : network.classifierNames()
  const isHead = (name: string): boolean => heads.some((head) => name === head || name.startsWith(`${head}.`))
  const result: StateDict = new Map()
  const fresh: string[] = []
  const reshaped: string[] = []
  for (const [name, tensor] of state) {
    const wanted = own.get(name)?.shape
    if (wanted === undefined || sameShape(wanted, tensor.shape)) result.set(name, tensor)
    else if (isFlattening(wanted, tensor.shape))
      result.set(name, weightTensorFromBytes(wanted, tensor.dtype, tensor.bytes()))
    else if (isHead(name) && sameShape(wanted.slice(1), tensor.shape.slice(1))) fresh.push(name)
    else if (isInput(wanted, tensor.shape, options.inChannels)) {
      result.set(name, withChannels(tensor, wanted, name))
      reshaped.push(name)
    } else result.set(name, tensor)
  }
  const otherClasses = fresh.length > 0 ? state.get(fresh.at(-1)!)!.shape[0]! : null
  if (otherClasses !== null) {
    adaptations.push({
      kind: 'classifier',
      text: `a new classifier for ${network.numClasses} classes: the file's is for ${otherClasses}`,
      names: fresh,
    })
  }
  if (reshaped.length > 0) {
    const before = state.get(reshaped[0]!)!.shape[1]
    adaptations.push({
      kind: 'inputChannels',
      text: `the first convolution ${options.inChannels === 1 ? 'summed' : 'repeated and scaled'} from ${before} to ${options.inChannels} channels`,
      names: reshaped,
    })
  }
  const kept = [...fresh]
  if (options.headless) {
    const dropped = [...result.keys()].filter((name) => isHead(name))
    for (const name of dropped) result.delete(name)
    kept.push(...[...own.keys()].filter((name) => isHead(name) && !kept.includes(name)))
    if (dropped.length > 0) adaptations.push({ kind: 'headless', text: 'the head left out', names: dropped })
  }
  return { tensors: result, adaptations, kept, otherClasses }
}

/** The tensors under the network's own names, where the file's are those of another library or of none. */
async function translatedNames(
  network: Network,
  state: StateDict,
  { model, inChannels }: AdaptOptions,
): Promise<{ readonly state: StateDict; readonly text: string } | null> {
  const tried: readonly (readonly [text: string, names: () => Names | Promise<Names>])[] = [
    [
      "names translated between torchvision's and timm's",
      () => (model === undefined ? null : namesOfCounterpart(model, network, inChannels)),
    ],
    [
      "names translated from Keras'",
      () => (model === undefined ? null : namesFromKeras(model, [...state.keys()])),
    ],
    [
      "names are not the network's: its tensors are taken in their order, which all agree in shape",
      () => namesByOrder(network, state),
    ],
  ]
  for (const [text, names] of tried) {
    const found = await names()
    const renamed = found && renamedBy(found, state)
    if (renamed && fitsByName(network, renamed)) return { state: renamed, text }
  }
  return null
}

type Names = ReadonlyMap<string, string> | null

/** Loads adapted tensors: all but what is kept must be there and fit, else an Error lists what does not. */
export function loadAdapted(network: Network, { tensors, kept }: AdaptedState): void {
  const own = network.stateDict()
  const spared = kept.flatMap((name) => own.get(name) ?? [])
  if (spared.length === 0) {
    network.loadStateDict(tensors, { assign: true })
    return
  }
  const { missing, unexpected, mismatched } = network.loadStateDict(tensors, { strict: false, assign: true })
  if (missing.every((name) => kept.includes(name)) && unexpected.length + mismatched.length === 0) return
  // The strict one has the table of what does not fit, in which those that are kept have no place.
  const whole = new Map<string, WeightTensor | Tensor>(tensors)
  for (const name of kept) whole.set(name, own.get(name)!)
  network.loadStateDict(whole)
}

/** The tensors under the names that the network knows. */
function unwrapped(network: Network, tensors: StateDict, ema: boolean, adaptations: Adaptation[]): StateDict {
  const own = network.stateDict()
  const fits = (state: ReadonlyMap<string, unknown>): number =>
    [...state.keys()].reduce((n, name) => n + (own.has(network.renameKey(name)) ? 1 : 0), 0)
  const rename = (state: StateDict): StateDict => renamedWith(state, (name) => network.renameKey(name))
  const bare = stripPrefixes(tensors)
  if (fits(bare) === own.size) return rename(bare)
  // Averages beside the plain weights, as `ema.` or `ema_model.module.` names.
  const groups = { plain: new Map<string, WeightTensor>(), average: new Map<string, WeightTensor>() }
  for (const [name, tensor] of bare) groups[averagePrefix.test(name) ? 'average' : 'plain'].set(name, tensor)
  const averaged = groups.average.size > 0 && (ema || fitsAfterStripping(network, groups.plain) === 0)
  const chosen = groups.average.size === 0 ? bare : averaged ? groups.average : groups.plain
  const { state, prefix } = stripped(network, chosen)
  const better = groups.average.size > 0 ? fits(state) >= Math.max(1, fits(bare)) : fits(state) > fits(bare)
  if (!better) return rename(bare)
  if (groups.average.size > 0 && groups.plain.size > 0) {
    const which = averaged ? 'the averaged weights (EMA)' : 'the weights that are not averaged'
    adaptations.push({ kind: 'average', text: `${which}, of two sets in the file`, names: [] })
  }
  if (prefix !== '') adaptations.push({ kind: 'wrapper', text: `'${prefix}' taken off the names`, names: [] })
  return rename(state)
}

const averagePrefix = /^(ema|ema_model|model_ema|averaged_model|swa_model|teacher)\./

/** What training programs put before the names of a network's tensors. */
const wrappers =
  /^(module|model|_orig_mod|state_dict|net|network|backbone|encoder|student|ema|ema_model|model_ema|averaged_model|swa_model|teacher)\./

/** Without wrappers, as long as all names have one and the network knows more names so. */
function stripped(network: Network, given: StateDict): { state: StateDict; prefix: string } {
  const own = network.stateDict()
  let state = given
  let prefix = ''
  for (let depth = 0; depth < 8; depth++) {
    const [first] = state.keys()
    const wrapper = first === undefined ? undefined : wrappers.exec(first)?.[0]
    const isChild = wrapper !== undefined && [...own.keys()].some((name) => name.startsWith(wrapper))
    if (wrapper === undefined || isChild || ![...state.keys()].every((name) => name.startsWith(wrapper)))
      break
    state = renamedWith(state, (name) => name.slice(wrapper.length))
    prefix += wrapper
  }
  return { state, prefix }
}

function fitsAfterStripping(network: Network, state: StateDict): number {
  const own = network.stateDict()
  return [...stripped(network, state).state.keys()].filter((name) => own.has(network.renameKey(name))).length
}

/** The names stay as they are where two would become one. */
function renamedWith(state: StateDict, rename: (name: string) => string): StateDict {
  const renamed: StateDict = new Map([...state].map(([name, tensor]) => [rename(name), tensor]))
  return renamed.size === state.size ? renamed : state
}

function renamedBy(names: ReadonlyMap<string, string>, state: StateDict): StateDict {
  return renamedWith(state, (name) => names.get(name) ?? name)
}

function isBatchCount(name: string): boolean {
  return name.endsWith('num_batches_tracked')
}

/** Whether the names are the network's, all but a few that a head or an old file may lack. */
function fitsByName(network: Network, state: StateDict): boolean {
  const heads = network.classifierNames()
  const isHead = (name: string): boolean => heads.some((head) => name.startsWith(`${head}.`))
  return [...network.stateDict().keys()].every(
    (name) => state.has(name) || isBatchCount(name) || isHead(name),
  )
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}

/** Whether a tensor is the weight of a convolution over images, in the file for other channels than asked for. */
function isInput(wanted: readonly number[], got: readonly number[], inChannels: number | undefined): boolean {
  return (
    inChannels !== undefined &&
    wanted.length === 4 &&
    wanted[1] === inChannels &&
    (got[1] === 3 || got[1] === 1) &&
    sameShape(wanted.toSpliced(1, 1), got.toSpliced(1, 1))
  )
}

/**
 * A convolution's weight for another number of channels, as timm's `adapt_input_conv` makes it: for one channel the sum over all,
 * else the channels repeated in turn and scaled so that equal channels give the sum that they gave.
 */
function withChannels(tensor: WeightTensor, wanted: readonly number[], name: string): WeightTensor {
  const [outputs, before, height, width] = tensor.shape as [number, number, number, number]
  const after = wanted[1]!
  const area = height * width
  const values = toFloat32(tensor, name)
  const result = new Float32Array(outputs * after * area)
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < (after === 1 ? before : after); c++) {
      const from = (o * before + (c % before)) * area
      const to = (o * after + (after === 1 ? 0 : c)) * area
      for (let i = 0; i < area; i++) {
        const value = values[from + i]!
        result[to + i] = after === 1 ? result[to + i]! + value : value * (before / after)
      }
    }
  }
  return weightTensor(wanted, 'F32', result)
}
