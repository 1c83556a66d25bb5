export { loadRun, type ModelDescription, type RunState, type SavedRun, saveRun } from './checkpoint.ts'
export { findNonFinite, NonFiniteLossError } from './non-finite.ts'
export {
  type Batch,
  type BatchSource,
  type EpochReport,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type Position,
  type StepReport,
  startPosition,
  type TrainerOptions,
  type TrainingResult,
  train,
} from './trainer.ts'
