import type { Module, Parameter } from '../nn/index.ts'
import type { Network } from './network.ts'

/** Parameters that lie together in a network: those of a stage, or those after the last one. */
export interface LayerGroup {
  /** The stage's name in `featureInfo`, or 'head'. */
  readonly name: string
  readonly parameters: readonly (readonly [name: string, parameter: Parameter])[]
}

/**
 * A network's parameters by depth: one group for each stage of `featureInfo`, in which the stem belongs to the first, and
 * 'head' for the rest. Every parameter is in one group; a group may be empty (a stage that only pools).
 */
export function layerGroups(network: Network): LayerGroup[] {
  const head = new Set(network.headNames().flatMap((name) => network.getSubmodule(name).modules()))
  const order = network.namedModules()
  const ends = network.featureInfo.map(({ name }) =>
    order.findLastIndex(([path]) => path === name || path.startsWith(`${name}.`)),
  )
  const groups = [...network.featureInfo.map(({ name }) => name), 'head'].map((name) => ({
    name,
    parameters: [] as (readonly [string, Parameter])[],
  }))
  const owners = new Map<Parameter, number>()
  for (const [position, [, module]] of order.entries()) {
    const after = ends.findIndex((end) => position <= end)
    const group = head.has(module) || after < 0 ? groups.length - 1 : after
    for (const parameter of ownParameters(module)) if (!owners.has(parameter)) owners.set(parameter, group)
  }
  for (const [name, parameter] of network.namedParameters()) {
    groups[owners.get(parameter)!]!.parameters.push([name, parameter])
  }
  return groups
}

function ownParameters(module: Module): Parameter[] {
  const below = new Set(module.children().flatMap((child) => child.parameters()))
  return module.parameters().filter((parameter) => !below.has(parameter))
}

/** Leaves only the classifiers to be trained: the layers that another number of classes would replace. */
export function freezeBackbone(network: Network): void {
  network.freeze()
  for (const name of network.classifierNames()) network.getSubmodule(name).unfreeze()
}

/**
 * Trains the head and the last `stages` stages and freezes the rest. Normalization layers with running statistics stay
 * frozen unless `normalization` is true: on few images their statistics would get worse, not better. Throws a RangeError for
 * more stages than there are.
 */
export function unfreezeStages(
  network: Network,
  stages: number,
  options: { readonly normalization?: boolean } = {},
): void {
  const groups = layerGroups(network)
  if (!Number.isInteger(stages) || stages < 0 || stages >= groups.length) {
    throw new RangeError(`unfreezeStages: the network has ${groups.length - 1} stages, got ${stages}`)
  }
  network.freeze()
  const normalizing = new Set(normalizationLayers(network).flatMap((layer) => layer.parameters()))
  for (const { parameters } of groups.slice(groups.length - 1 - stages)) {
    for (const [, parameter] of parameters) {
      parameter.requiresGrad = options.normalization === true || !normalizing.has(parameter)
    }
  }
}

/** Layers with parameters and running statistics of their own. */
function normalizationLayers(network: Network): Module[] {
  return network
    .modules()
    .filter((module) => module.buffers().length > 0 && ownParameters(module).length > 0)
    .filter((module) => module.children().length === 0)
}

/**
 * Normalization layers none of whose parameters is trained: `train` keeps them in evaluation mode (its `evaluationModules`), as
 * their running statistics must stay as the frozen weights know them.
 */
export function frozenNormalization(network: Network): Module[] {
  return normalizationLayers(network).filter(
    (module) => !module.parameters().some(({ requiresGrad }) => requiresGrad),
  )
}

export interface ParameterGroupOptions {
  /** The head's learning rate. */
  readonly lr: number
  /** What each stage's rate is of that of the stage after it (Howard and Ruder 2018); 1 unless given. */
  readonly stageDecay?: number
  /** 0 unless given. */
  readonly weightDecay?: number
}

export interface ParameterGroup {
  readonly params: readonly Parameter[]
  readonly lr: number
  readonly weightDecay: number
}

/**
 * Groups for an optimizer of all parameters that are trained: deeper stages learn faster, and no decay acts on biases,
 * normalization and what the network's `noWeightDecay` names.
 */
export function parameterGroups(network: Network, options: ParameterGroupOptions): ParameterGroup[] {
  const { lr, stageDecay = 1, weightDecay = 0 } = options
  if (!(stageDecay > 0 && stageDecay <= 1)) {
    throw new RangeError(`parameterGroups: stageDecay must be above 0 and at most 1, got ${stageDecay}`)
  }
  const exempt = new Set(network.noWeightDecay())
  const groups = layerGroups(network)
  return groups.flatMap(({ parameters }, i) => {
    const rate = lr * stageDecay ** (groups.length - 1 - i)
    const trained = parameters.filter(([, { requiresGrad }]) => requiresGrad)
    const undecayed = ([name, { rank }]: readonly [string, Parameter]): boolean =>
      rank <= 1 || exempt.has(name)
    return [
      { entries: trained.filter((entry) => !undecayed(entry)), weightDecay },
      { entries: trained.filter(undecayed), weightDecay: 0 },
    ].flatMap(({ entries, weightDecay }) =>
      entries.length === 0
        ? []
        : [{ params: entries.map(([, parameter]) => parameter), lr: rate, weightDecay }],
    )
  })
}
