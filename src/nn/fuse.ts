import type { Node } from '../graph/node.ts'
import { noGrad } from '../tensor/autograd.ts'
import { zeros } from '../tensor/create.ts'
import { Tensor } from '../tensor/tensor.ts'
import { Conv2d } from './layers/convolution.ts'
import { BatchNorm2d } from './layers/normalization.ts'
import { Identity } from './layers/rearrange.ts'
import type { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface FusedNormalization {
  /** The names of the convolutions that took a batch normalization in. */
  readonly fused: readonly string[]
  /** The names of the batch normalizations left: those that follow no convolution, or not it alone, or did not run. */
  readonly left: readonly string[]
}

/** Whether a module computes what its class does, and not a subclass something else. */
function computesAs(module: Module, kind: typeof Conv2d | typeof BatchNorm2d): boolean {
  let prototype = Object.getPrototypeOf(module) as object
  while (prototype !== kind.prototype) {
    if (prototype === null || Object.hasOwn(prototype, 'forward')) return false
    prototype = Object.getPrototypeOf(prototype) as object
  }
  return true
}

/** How often each node is taken by others that the results need. */
function usesOf(results: readonly Tensor[]): Map<Node, number> {
  const uses = new Map<Node, number>()
  const pending = results.map(({ node }) => node)
  for (const node of pending) uses.set(node, (uses.get(node) ?? 0) + 1)
  const seen = new Set(pending)
  while (pending.length > 0) {
    for (const input of pending.pop()!.inputs) {
      uses.set(input, (uses.get(input) ?? 0) + 1)
      if (seen.has(input)) continue
      seen.add(input)
      pending.push(input)
    }
  }
  return uses
}

interface Pair {
  readonly convolution: string
  readonly normalization: string
}

/** The convolutions whose output one batch normalization takes and nothing else, from one pass in evaluation. */
function pairsOf(network: Module, run: () => readonly Tensor[]): Pair[] {
  const named = network.namedModules()
  const outputs = new Map<Node, string>()
  const followed = new Map<string, { node: Node; convolution: string | undefined }>()
  const runs = new Map<string, number>()
  const count = (name: string): void => void runs.set(name, (runs.get(name) ?? 0) + 1)
  const removals = named.flatMap(([name, module]) => {
    if (module instanceof Conv2d && computesAs(module, Conv2d)) {
      return module.registerForwardHook((_, __, output) => {
        count(name)
        outputs.set((output as Tensor).node, name)
      })
    }
    if (module instanceof BatchNorm2d && computesAs(module, BatchNorm2d)) {
      return module.registerForwardHook((_, [input]) => {
        count(name)
        const { node } = input as Tensor
        followed.set(name, { node, convolution: outputs.get(node) })
      })
    }
    return []
  })
  try {
    const uses = usesOf(run())
    return [...followed].flatMap(([normalization, { node, convolution }]) => {
      const alone = uses.get(node) === 1 && runs.get(normalization) === 1
      if (!alone || convolution === undefined || runs.get(convolution) !== 1) return []
      return [{ convolution, normalization }]
    })
  } finally {
    for (const remove of removals) remove()
  }
}

/**
 * Folds batch normalizations into the convolutions right before them, in place: their weights are scaled, they get a bias, and
 * an Identity takes the place of each normalization. The network is put into evaluation mode, computes what it did there, and
 * is not to be trained further. Inference does not need it, as the compiler folds by itself; files for other programs may.
 * @param run Runs the network once, such as `() => network.forwardAll(zeros([1, 3, 224, 224]))`; nothing is computed.
 */
export async function fuseConvBatchNorm(
  network: Module,
  run: () => Tensor | readonly Tensor[],
): Promise<FusedNormalization> {
  network.eval()
  const pairs = pairsOf(network, () =>
    noGrad(() => {
      const results = run()
      return results instanceof Tensor ? [results] : results
    }),
  )
  const fused: string[] = []
  for (const { convolution, normalization } of pairs) {
    const conv = network.getSubmodule(convolution) as Conv2d
    const norm = network.getSubmodule(normalization) as BatchNorm2d
    if (norm.running_mean === null || norm.running_var === null) continue
    const { weight, bias } = await folded(conv, norm, norm.running_mean, norm.running_var)
    conv.weight.load(weight)
    if (conv.bias === null) conv.bias = parameter(zeros([bias.length]))
    conv.bias.load(bias)
    network.setSubmodule(normalization, new Identity())
    fused.push(convolution)
  }
  const left = network
    .namedModules()
    .flatMap(([name, module]) => (module instanceof BatchNorm2d ? [name] : []))
  return { fused, left }
}

async function folded(
  { weight, bias }: Conv2d,
  norm: BatchNorm2d,
  runningMean: Tensor,
  runningVar: Tensor,
): Promise<{ weight: Float32Array; bias: Float32Array }> {
  const [values, mean, variance] = await Promise.all([weight.data(), runningMean.data(), runningVar.data()])
  const [own, gain, shift] = await Promise.all([bias?.data(), norm.weight?.data(), norm.bias?.data()])
  const filters = mean.length
  const length = values.length / filters
  const scaled = new Float32Array(values.length)
  const shifted = new Float32Array(filters)
  for (let f = 0; f < filters; f++) {
    const scale = Number(gain?.[f] ?? 1) / Math.sqrt(Number(variance[f]) + norm.eps)
    for (let i = f * length; i < (f + 1) * length; i++) scaled[i] = Number(values[i]) * scale
    shifted[f] = (Number(own?.[f] ?? 0) - Number(mean[f])) * scale + Number(shift?.[f] ?? 0)
  }
  return { weight: scaled, bias: shifted }
}
