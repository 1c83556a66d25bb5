import type { Operator, Operators } from '../call.ts'
import { activationOperators } from './activation.ts'
import { arithmeticOperators } from './arithmetic.ts'
import { constantOperators } from './constant.ts'
import { controlOperators } from './control.ts'
import { convolutionOperators } from './convolution.ts'
import { indexingOperators } from './indexing.ts'
import { linearOperators } from './linear.ts'
import { logicOperators } from './logic.ts'
import { lossOperators } from './loss.ts'
import { normalizationOperators } from './normalization.ts'
import { poolingOperators } from './pooling.ts'
import { quantizationOperators } from './quantization.ts'
import { reductionOperators } from './reduction.ts'
import { resizeOperators } from './resize.ts'
import { samplingOperators } from './sampling.ts'
import { shapeOperators } from './shape.ts'

/** Every operator that can be run, by family. */
export const operatorFamilies: Readonly<Record<string, Operators>> = {
  convolution: convolutionOperators,
  pooling: poolingOperators,
  linear: linearOperators,
  normalization: normalizationOperators,
  activation: activationOperators,
  resizing: resizeOperators,
  sampling: samplingOperators,
  arithmetic: arithmeticOperators,
  reduction: reductionOperators,
  logic: logicOperators,
  shape: shapeOperators,
  indexing: indexingOperators,
  constant: constantOperators,
  loss: lossOperators,
  quantization: quantizationOperators,
  control: controlOperators,
}

const table = new Map<string, Operator>(
  Object.values(operatorFamilies).flatMap((family) => Object.entries(family)),
)

/** The operator of a node; undefined where it cannot be run. */
export function operatorOf(node: { readonly op: string; readonly domain: string }): Operator | undefined {
  return node.domain === '' || node.domain === 'ai.onnx' ? table.get(node.op) : undefined
}
