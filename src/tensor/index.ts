export type { Backend, BackendInfo, BackendName, MemoryInfo } from '../backends/backend.ts'
export { backendReason, getBackend, setBackend, silenceBackendChoice } from '../backends/select.ts'
export { StaleValueError } from '../compiler/graph.ts'
export type { ConvCosts } from '../compiler/target.ts'
export type { DType, TypedArray } from '../graph/dtype.ts'
export { isGradEnabled } from '../graph/grad-mode.ts'
export { IndexError } from '../graph/index-error.ts'
export { type Shape, ShapeError } from '../graph/shape.ts'
export * from './autograd.ts'
export { type CompiledResult, compile } from './compile.ts'
export * from './create.ts'
export { Generator, type GeneratorState, getDefaultGenerator, manualSeed } from './generator.ts'
export type { RealizeOptions } from './realize.ts'
export {
  type Axes,
  type BackwardOptions,
  type NestedArray,
  type Operand,
  type SliceSpec,
  Tensor,
} from './tensor.ts'
