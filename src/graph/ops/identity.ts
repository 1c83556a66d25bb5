import { withGradMode } from '../grad-mode.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
import { formatShape, ShapeError, sameShape } from '../shape.ts'
import { noCost, type OpTable } from './definition.ts'

export const identityOps: OpTable<'identity'> = {
  identity: {
    infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    gradient: (node, g) => {
      switch (node.attrs.role) {
        case 'detach':
          return [null]
        case 'recompute':
          return [g]
        case 'custom':
          return [null, ...checked(node.attrs.backward(g, node.inputs[0]!), node.inputs.slice(1))]
      }
    },
    cost: noCost,
    onnx: 'Identity',
  },
}

function checked(gradients: readonly (Node | null)[], inputs: readonly Node[]): readonly (Node | null)[] {
  const described = (node: Node | null): string =>
    node ? `${node.dtype} ${formatShape(node.shape)}` : 'null'
  const fits = (gradient: Node | null, input: Node): boolean =>
    gradient === null || (gradient.dtype === input.dtype && sameShape(gradient.shape, input.shape))
  if (gradients.length === inputs.length && gradients.every((g, i) => fits(g, inputs[i]!))) return gradients
  throw new ShapeError(
    `customGradient: backward gave [${gradients.map(described).join(', ')}] for the inputs ` +
      `[${inputs.map(described).join(', ')}]; it must give each input a gradient of its dtype and shape, or null`,
  )
}

/** The same value, through which no gradient flows. */
export function detach(x: Node): Node {
  return x.requiresGrad ? withGradMode(false, () => make('identity', [x], { role: 'detach' })) : x
}

/** The same value as one that must be computed again; equal tags may be shared, others not. */
export function recomputed(x: Node, tag: number): Node {
  return make('identity', [x], { role: 'recompute', tag })
}

/**
 * `value` with the gradient of `inputs` given by `backward`, from the gradient and the value: one gradient for each, null
 * where none flows.
 */
export function withCustomGradient(
  value: Node,
  inputs: readonly Node[],
  backward: (gradient: Node, value: Node) => readonly (Node | null)[],
): Node {
  return make('identity', [detach(value), ...inputs], { role: 'custom', backward })
}
