import { binaryOps } from './binary.ts'
import { convolutionOps } from './convolution.ts'
import type { OpTable } from './definition.ts'
import { identityOps } from './identity.ts'
import { indexingOps } from './indexing.ts'
import { leafOps } from './leaves.ts'
import { matmulOps } from './matmul.ts'
import { movementOps } from './movement.ts'
import { poolingOps } from './pooling.ts'
import { reductionOps } from './reduction.ts'
import { unaryOps } from './unary.ts'

export * from './binary.ts'
export * from './convolution.ts'
export * from './definition.ts'
export * from './identity.ts'
export * from './indexing.ts'
export * from './leaves.ts'
export * from './matmul.ts'
export * from './movement.ts'
export * from './pooling.ts'
export * from './reduction.ts'
export * from './unary.ts'

/** Every primitive's shape rule, gradient, cost and ONNX name. */
export const ops: OpTable = {
  ...leafOps,
  ...unaryOps,
  ...binaryOps,
  ...movementOps,
  ...reductionOps,
  ...indexingOps,
  ...matmulOps,
  ...convolutionOps,
  ...poolingOps,
  ...identityOps,
}
