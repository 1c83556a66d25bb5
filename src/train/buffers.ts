import type { Module } from '../nn/index.ts'
import { noGrad, type Tensor, where } from '../tensor/index.ts'

/**
 * Remembers the buffers, such as running statistics. The function returned gives those that were assigned since their
 * old values: always, or where the condition, a bool of rank 0, is false.
 */
export function rememberBuffers(model: Module): (unless?: Tensor) => void {
  const known = model.buffers().map((buffer) => ({ buffer, node: buffer.node, before: buffer.detach() }))
  return (unless) =>
    noGrad(() => {
      for (const { buffer, node, before } of known) {
        if (buffer.node !== node) buffer.assign(unless === undefined ? before : where(unless, buffer, before))
      }
    })
}
