import { withGradMode } from '../grad-mode.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
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
          return [null, ...node.attrs.backward(g)]
      }
    },
    cost: noCost,
    onnx: 'Identity',
  },
}

/** The same value, through which no gradient flows. */
export function detach(x: Node): Node {
  return x.requiresGrad ? withGradMode(false, () => make('identity', [x], { role: 'detach' })) : x
}

/** The same value as one that must be computed again; equal tags may be shared, others not. */
export function recomputed(x: Node, tag: number): Node {
  return make('identity', [x], { role: 'recompute', tag })
}

/** `value` with the gradient of `inputs` given by `backward`: one gradient for each, null where none flows. */
export function withCustomGradient(
  value: Node,
  inputs: readonly Node[],
  backward: (gradient: Node) => readonly (Node | null)[],
): Node {
  return make('identity', [detach(value), ...inputs], { role: 'custom', backward })
}
