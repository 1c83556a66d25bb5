import { gradients } from '../../src/autograd/index.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { attrsKey } from '../../src/compiler/graph.ts'
import { isFloating, type TypedArray } from '../../src/graph/dtype.ts'
import { inputNode, type Node } from '../../src/graph/node.ts'
import { formatShape } from '../../src/graph/shape.ts'
import { HostStorage } from '../../src/graph/storage.ts'
import { CaseRandom, type CaseSize } from './case-random.ts'
import type { OpCase, Trial } from './op-case.ts'
import { disguised } from './op-disguise.ts'
import { evaluate, prepare } from './op-evaluate.ts'

export interface CompareOptions {
  readonly trials: number
  readonly firstSeed?: number
}

/**
 * Runs random trials of a case on both backends, every third one together with its gradient if it has one; throws with
 * the first trial whose results differ.
 */
export async function compareBackends(
  name: string,
  opCase: OpCase,
  tested: Backend,
  oracle: Backend,
  { trials, firstSeed = 1 }: CompareOptions,
): Promise<void> {
  const count = Math.min(trials, opCase.mostTrials ?? trials)
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const size: CaseSize = seed % 64 === 0 ? 'huge' : seed % 16 === 0 ? 'large' : 'small'
    const withGradient = (opCase.gradient ?? false) && seed % 3 === 0
    const random = new CaseRandom(seed, size, withGradient)
    const { outputs, results } = outputsOf(
      disguised(opCase.draw(random), random),
      withGradient ? random : null,
    )
    const where = (i: number): string =>
      `${name}, trial ${seed} (${size}), output ${i} of ${outputs.length}: ${describe(outputs[i]!)}`
    const actual = await runTwice(tested, outputs).catch((error: Error) => {
      throw new Error(`${where(0)}: ${error.message}`, { cause: error })
    })
    const expected = await evaluate(oracle, outputs)
    for (const [i, node] of outputs.entries()) {
      const difference = firstDifference(actual[i]!, expected[i]!, node, opCase, i >= results)
      if (difference !== undefined) throw new Error(`${where(i)}: ${difference}`)
    }
  }
}

/** What the first run leaves in the program's memory must not show in the second. */
async function runTwice(backend: Backend, outputs: readonly Node[]): Promise<TypedArray[]> {
  const run = prepare(backend, outputs)
  await run()
  return run()
}

/** The op's results, then if `random` is given the gradients of a weighted sum of them for each operand. */
function outputsOf(trial: Trial, random: CaseRandom | null): { outputs: readonly Node[]; results: number } {
  const leaves = trial.operands.map(({ dtype, values, shape, persistent = false }) =>
    inputNode(new HostStorage(dtype, values), shape, {
      persistent,
      requiresGrad: random !== null && isFloating(dtype),
    }),
  )
  const built = trial.build(leaves)
  const values = 'op' in built ? [built] : built
  if (random === null) return { outputs: values, results: values.length }
  const differentiable = values.filter((node) => node.requiresGrad)
  const weights = differentiable.map(({ shape }) => {
    const { values, dtype } = random.floats(shape, 0.2, 1)
    return inputNode(new HostStorage(dtype, values), shape)
  })
  const found = gradients(differentiable, weights)
  return { outputs: [...values, ...leaves.flatMap((leaf) => found.get(leaf) ?? [])], results: values.length }
}

export function describe(node: Node): string {
  const operands = node.inputs.map((input) => `${input.op} ${input.dtype}${formatShape(input.shape)}`)
  return `${node.op}${attrsKey(node)} (${operands.join(', ')}) -> ${node.dtype}${formatShape(node.shape)}`
}

/** Results below float32's normal numbers may be taken for 0. */
const smallestNormal = 1.2e-38

function firstDifference(
  actual: TypedArray,
  expected: TypedArray,
  node: Node,
  opCase: OpCase,
  isGradient: boolean,
): string | undefined {
  // A gradient's terms are of the order of what it is weighted with, 1.
  const floor = opCase.floor ?? (isGradient ? 1 : 0)
  const elementwise = (opCase.elementwise ?? false) && !isGradient
  const tolerance = isFloating(node.dtype) ? (opCase.tolerance ?? 1e-5) : 0
  let largest = 0
  for (const value of expected) {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  }
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!]
    if (Object.is(a, b) || a === b) continue
    const scale = Math.max(floor, elementwise ? Math.abs(b) : largest)
    if (tolerance > 0 && Number.isFinite(b) && Math.abs(a - b) <= tolerance * scale + smallestNormal) continue
    return `element ${i} is ${a}, not ${b} (largest magnitude ${largest}, tolerance ${tolerance})`
  }
  return undefined
}
