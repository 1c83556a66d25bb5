export { loadRun, type ModelDescription, type RunState, type SavedRun, saveRun } from './checkpoint.ts'
export {
  type DetectorEpochReport,
  type DetectorTrainerOptions,
  type DetectorTrainingResult,
  trainDetector,
} from './detector.ts'
export type { ParameterGradient } from './gradients.ts'
export type { GradientReport, LoopOptions, LoopSource, Position, StepReport } from './loop.ts'
export { startPosition } from './loop.ts'
export { findNonFinite, NonFiniteLossError } from './non-finite.ts'
export { SummaryWriter, type SummaryWriterOptions } from './tensorboard.ts'
export {
  type Batch,
  type BatchSource,
  type EpochReport,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type TrainerOptions,
  type TrainingResult,
  train,
} from './trainer.ts'
