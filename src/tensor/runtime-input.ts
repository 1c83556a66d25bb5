import type { DType, TypedArray } from '../graph/dtype.ts'
import { inputNode } from '../graph/node.ts'
import type { Shape } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { Tensor } from './tensor.ts'
import { refreshAtReplay } from './trace.ts'

/** An input whose value is read when it is recorded, and again at each call of a compiled function. */
export function runtimeInput(read: () => TypedArray, shape: Shape, dtype: DType): Tensor {
  const node = inputNode(new HostStorage(dtype, read()), shape)
  refreshAtReplay(node, read)
  return new Tensor(node)
}

/** A float32 number as a runtime input: programs do not depend on its value. */
export function runtimeScalar(read: () => number): Tensor {
  return runtimeInput(() => Float32Array.of(read()), [], 'float32')
}
