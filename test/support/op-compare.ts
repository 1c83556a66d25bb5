import type { Backend } from '../../src/backends/backend.ts'
import { attrsKey } from '../../src/compiler/graph.ts'
import { isFloating, type TypedArray } from '../../src/graph/dtype.ts'
import { inputNode, type Node } from '../../src/graph/node.ts'
import { formatShape } from '../../src/graph/shape.ts'
import { HostStorage } from '../../src/graph/storage.ts'
import { CaseRandom, type CaseSize, type OpCase, type Trial } from './op-case.ts'
import { evaluate } from './op-evaluate.ts'

export interface CompareOptions {
  readonly trials: number
  readonly firstSeed?: number
}

/** Runs random trials of a case on both backends; throws with the first trial whose results differ. */
export async function compareBackends(
  opCase: OpCase,
  tested: Backend,
  oracle: Backend,
  { trials, firstSeed = 1 }: CompareOptions,
): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + trials; seed++) {
    const size: CaseSize = seed % 16 === 0 ? 'large' : 'small'
    const trial = opCase.draw(new CaseRandom(seed, size))
    const outputs = outputsOf(trial)
    const actual = await evaluate(tested, outputs)
    const expected = await evaluate(oracle, outputs)
    for (const [i, node] of outputs.entries()) {
      const difference = firstDifference(actual[i]!, expected[i]!, node, opCase)
      if (difference !== undefined) {
        throw new Error(
          `${opCase.name}, trial ${seed} (${size}), output ${i} of ${outputs.length}: ${describe(node)}: ${difference}`,
        )
      }
    }
  }
}

export function outputsOf(trial: Trial): readonly Node[] {
  const built = trial.build(
    trial.operands.map(({ dtype, values, shape }) => inputNode(new HostStorage(dtype, values), shape)),
  )
  return 'op' in built ? [built] : built
}

export function describe(node: Node): string {
  const operands = node.inputs.map((input) => `${input.op} ${input.dtype}${formatShape(input.shape)}`)
  return `${node.op}${attrsKey(node)} (${operands.join(', ')}) -> ${node.dtype}${formatShape(node.shape)}`
}

function firstDifference(
  actual: TypedArray,
  expected: TypedArray,
  node: Node,
  opCase: OpCase,
): string | undefined {
  const tolerance = isFloating(node.dtype) ? (opCase.tolerance ?? 1e-5) : 0
  let largest = 0
  for (const value of expected) {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  }
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!]
    if (Object.is(a, b) || a === b) continue
    const scale = opCase.elementwise ? Math.max(Math.abs(b), 1e-37) : largest
    if (Number.isFinite(b) && Math.abs(a - b) <= tolerance * scale) continue
    return `element ${i} is ${a}, not ${b} (largest magnitude ${largest}, tolerance ${tolerance})`
  }
  return undefined
}
