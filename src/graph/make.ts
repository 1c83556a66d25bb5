import { isGradEnabled } from './grad-mode.ts'
import { Node, type Op, type OpAttrs } from './node.ts'
import type { OpDefinition } from './ops/definition.ts'
import { ops } from './ops/index.ts'

/** Records one op: checks its operands and gives the node of its value. Throws a ShapeError where they do not fit. */
export function make<O extends Op>(op: O, inputs: readonly Node[], attrs: OpAttrs[O]): Node<O> {
  const definition = ops[op] as unknown as OpDefinition<O>
  const { shape, dtype } = definition.infer(inputs, attrs)
  const requiresGrad =
    isGradEnabled() &&
    (dtype === 'float32' || dtype === 'float64') &&
    inputs.some((input) => input.requiresGrad)
  return new Node(op, inputs, attrs, shape, dtype, requiresGrad)
}
