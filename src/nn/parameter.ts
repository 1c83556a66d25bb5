import { isFloating, type TypedArray } from '../graph/dtype.ts'
import { inputNode, isOp, type Node } from '../graph/node.ts'
import { sizeOf } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { noGrad } from '../tensor/autograd.ts'
import { Tensor } from '../tensor/tensor.ts'

/** What a Module trains: a variable found by `parameters()` when it is a property of a module. */
export class Parameter extends Tensor {
  /** Takes over a copy of the values; a tensor not yet computed is computed with the next realization. */
  constructor(values: Tensor, requiresGrad = true) {
    if (!isFloating(values.dtype)) {
      throw new TypeError(`Parameter: needs floating-point values, got ${values}; use buffer() for others`)
    }
    super(variableNode(values, requiresGrad))
    assignUnknown(this, values)
  }
}

/** State of a Module that is saved with it but not trained, such as running statistics. */
export class Buffer extends Tensor {
  /** Whether `stateDict()` includes it. */
  readonly persistent: boolean

  /** Takes over a copy of the values; a tensor not yet computed is computed with the next realization. */
  constructor(values: Tensor, persistent = true) {
    super(variableNode(values, false))
    this.persistent = persistent
    assignUnknown(this, values)
  }
}

/** Makes a tensor a trainable parameter of the module it becomes a property of. */
export function parameter(values: Tensor, options: { readonly requiresGrad?: boolean } = {}): Parameter {
  return new Parameter(values, options.requiresGrad ?? true)
}

/** Makes a tensor a buffer of the module it becomes a property of; `persistent: false` keeps it out of state dicts. */
export function buffer(values: Tensor, options: { readonly persistent?: boolean } = {}): Buffer {
  return new Buffer(values, options.persistent ?? true)
}

function variableNode({ node }: Tensor, requiresGrad: boolean): Node {
  return inputNode(storageFor(node), node.shape, { requiresGrad, persistent: true })
}

function storageFor(node: Node): HostStorage {
  if (node.storage instanceof HostStorage) return new HostStorage(node.dtype, node.storage.data.slice())
  const value = isOp(node, 'full') ? node.attrs.value : 0
  const fill = (values: TypedArray): void => {
    if (value !== 0) values.fill(value)
  }
  return new HostStorage(node.dtype, { size: sizeOf(node.shape), fill })
}

function assignUnknown(variable: Tensor, values: Tensor): void {
  if (values.node.storage instanceof HostStorage || values.node.op === 'full') return
  noGrad(() => variable.assign(values))
}
