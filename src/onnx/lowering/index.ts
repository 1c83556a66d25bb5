import type { Composite, CompositeKind } from '../../graph/composite.ts'
import type { Node, Op } from '../../graph/node.ts'
import { activationComposites } from './activation.ts'
import type { CompositeLowering, Lowering, LoweringContext } from './context.ts'
import { convolutionComposites, convolutionLowerings } from './convolution.ts'
import { elementwiseLowerings } from './elementwise.ts'
import { indexingLowerings } from './indexing.ts'
import { leafLowerings } from './leaves.ts'
import { movementLowerings } from './movement.ts'
import { normalizationComposites } from './normalization.ts'
import { poolingComposites, poolingLowerings } from './pooling.ts'
import { reductionLowerings } from './reduction.ts'

/** Every primitive as nodes of ONNX. */
const lowerings: { readonly [O in Op]: Lowering<O> } = {
  ...leafLowerings,
  ...elementwiseLowerings,
  ...movementLowerings,
  ...reductionLowerings,
  ...indexingLowerings,
  ...convolutionLowerings,
  ...poolingLowerings,
}

/** Every composed function as nodes of ONNX. */
const compositeLowerings: { readonly [K in CompositeKind]: CompositeLowering<K> } = {
  ...convolutionComposites,
  ...normalizationComposites,
  ...poolingComposites,
  ...activationComposites,
}

/** Writes a primitive; returns the name of its value. */
export function lowerPrimitive(node: Node, context: LoweringContext): string {
  return (lowerings[node.op] as Lowering<Op>)(node, context)
}

/** Whether a composed function is written as such in this operator set. */
export function acceptsComposite(composite: Composite, context: LoweringContext, node: Node): boolean {
  const { accepts } = compositeLowerings[composite.kind] as CompositeLowering<CompositeKind>
  return accepts === undefined || accepts(composite, context, node)
}

/** Writes a composed function; returns the name of its value. */
export function lowerComposite(composite: Composite, context: LoweringContext, node: Node): string {
  return (compositeLowerings[composite.kind] as CompositeLowering<CompositeKind>).lower(
    composite,
    context,
    node,
  )
}
