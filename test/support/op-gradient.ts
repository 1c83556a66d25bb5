import { gradients } from '../../src/autograd/index.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { isFloating } from '../../src/graph/dtype.ts'
import { inputNode, type Node } from '../../src/graph/node.ts'
import { add, mul, reduceSum } from '../../src/graph/ops/index.ts'
import { HostStorage } from '../../src/graph/storage.ts'
import { CaseRandom } from './case-random.ts'
import type { OpCase, Trial } from './op-case.ts'
import { describe } from './op-compare.ts'
import { prepare } from './op-evaluate.ts'

export interface GradientCheckOptions {
  readonly trials: number
  /** 1 compares the gradient, 2 the gradient of a weighted sum of the gradient. */
  readonly order: 1 | 2
}

/**
 * Compares gradient rules with central differences, in double precision: along every coordinate where they are few, else
 * along random ones, and along one random direction through all of them.
 */
export async function checkGradient(
  name: string,
  opCase: OpCase,
  backend: Backend,
  { trials, order }: GradientCheckOptions,
): Promise<void> {
  for (let seed = 1; seed <= trials; seed++) {
    const random = new CaseRandom(seed, 'tiny', true)
    const { output, leaves } = inDoubles(opCase.draw(random))
    let total = weightedSum(output, random)
    if (order === 2) {
      const first = gradients([total], [], { createGraph: true })
      const reached = leaves.flatMap((leaf) => first.get(leaf) ?? []).filter((node) => node.requiresGrad)
      if (reached.length === 0) continue
      total = reached.map((node) => weightedSum(node, random)).reduce((a, b) => add(a, b))
    }
    if (!total.requiresGrad) continue
    await checkTotal(`${name}, trial ${seed}: ${describe(output)}`, total, leaves, backend, random)
  }
}

function inDoubles(trial: Trial): { output: Node; leaves: Node[] } {
  const nodes = trial.operands.map(({ values, shape, dtype }) => {
    if (!isFloating(dtype)) return inputNode(new HostStorage(dtype, values), shape)
    return inputNode(new HostStorage('float64', Float64Array.from(values)), shape, { requiresGrad: true })
  })
  const built = trial.build(nodes)
  const output = 'op' in built ? built : built[0]!
  return { output, leaves: nodes.filter((node) => node.requiresGrad) }
}

function weightedSum(node: Node, random: CaseRandom): Node {
  const weights = Float64Array.from(random.floats(node.shape, 0.5, 1.5).values)
  const axes = node.shape.map((_, i) => i)
  return reduceSum(mul(node, inputNode(new HostStorage('float64', weights), node.shape)), axes)
}

const step = 1e-5
const tolerance = 1e-6
const coordinates = 24

async function checkTotal(
  what: string,
  total: Node,
  leaves: readonly Node[],
  backend: Backend,
  random: CaseRandom,
): Promise<void> {
  const found = gradients([total])
  const run = prepare(backend, [total])
  const base = leaves.map((leaf) => (leaf.storage as HostStorage).data as Float64Array)
  const reached = leaves.flatMap((leaf) => found.get(leaf) ?? [])
  const computed = await prepare(backend, reached)()
  const analytic = leaves.map((leaf, i) => {
    const at = reached.indexOf(found.get(leaf) as Node)
    return at < 0 ? new Float64Array(base[i]!.length) : (computed[at] as Float64Array)
  })
  const largest = Math.max(1, ...analytic.map((g) => g.reduce((a, b) => Math.max(a, Math.abs(b)), 0)))

  const differenceAlong = async (direction: readonly Float64Array[]): Promise<number> => {
    const shifted = (by: number): Map<Node, Float64Array> =>
      new Map(leaves.map((leaf, i) => [leaf, base[i]!.map((v, j) => v + by * direction[i]![j]!)]))
    const [above] = await run(shifted(step))
    const [below] = await run(shifted(-step))
    return (above![0]! - below![0]!) / (2 * step)
  }
  const check = (numeric: number, expected: number, where: string): void => {
    if (Math.abs(numeric - expected) <= tolerance * largest) return
    throw new Error(`${what}: gradient ${where} is ${expected}, the central difference ${numeric}`)
  }

  for (const [i, values] of base.entries()) {
    const chosen = random.permutation(values.length).slice(0, coordinates)
    for (const j of chosen) {
      const direction = base.map((v) => new Float64Array(v.length))
      direction[i]![j] = 1
      check(await differenceAlong(direction), analytic[i]![j]!, `of operand ${i}, element ${j}`)
    }
  }
  const direction = base.map((values) => values.map(() => random.pick([-1, 1])))
  const norm = Math.sqrt(base.reduce((sum, values) => sum + values.length, 0))
  for (const part of direction) for (let j = 0; j < part.length; j++) part[j]! /= norm
  const expected = analytic.reduce(
    (sum, g, i) => sum + g.reduce((s, v, j) => s + v * direction[i]![j]!, 0),
    0,
  )
  check(await differenceAlong(direction), expected, 'along a random direction')
}
