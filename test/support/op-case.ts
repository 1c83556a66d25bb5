import type { DType, TypedArray } from '../../src/graph/dtype.ts'
import type { Node } from '../../src/graph/node.ts'
import type { Shape } from '../../src/graph/shape.ts'
import { type Tensor, wrap } from '../../src/tensor/tensor.ts'
import type { CaseRandom } from './case-random.ts'

/** A value handed to an op, drawn at random. */
export interface Operand {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: TypedArray
  /** Handed over as a parameter is, so that what depends on such values alone is computed once. */
  readonly persistent?: boolean
}

/** One op on one set of operands. `build` records it from nodes that hold them, in float32 or in float64. */
export interface Trial {
  readonly operands: readonly Operand[]
  readonly build: (inputs: readonly Node[]) => Node | readonly Node[]
}

export interface OpCase {
  readonly draw: (random: CaseRandom) => Trial
  /** Largest error allowed, relative to the largest magnitude of the result; 1e-5 if not given. Integers are exact. */
  readonly tolerance?: number
  /** Magnitude below which errors are no longer relative; 0 if not given. For results that are a small rest of large terms. */
  readonly floor?: number
  /** Errors are relative to each element instead: for results of very different magnitudes. */
  readonly elementwise?: boolean
  /** Where trials are large: the most of them. */
  readonly mostTrials?: number
  /** Whether there is a gradient to check: by central differences, and as computed by every backend. */
  readonly gradient?: boolean
}

export type CaseTable<Name extends string = string> = { readonly [K in Name]: OpCase }

export function nodeTrial(
  operands: readonly Operand[],
  build: (...inputs: Node[]) => Node | readonly Node[],
): Trial {
  return { operands, build: (inputs) => build(...inputs) }
}

export function tensorTrial(
  operands: readonly Operand[],
  build: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
): Trial {
  return {
    operands,
    build: (inputs) => {
      const built = build(...inputs.map(wrap))
      return 'node' in built ? built.node : built.map((tensor) => tensor.node)
    },
  }
}
