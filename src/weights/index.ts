export {
  type DarknetActivation,
  type DarknetAnchor,
  type DarknetConfig,
  type DarknetEntries,
  type DarknetSection,
  type DarknetYoloBoxes,
  darknetActivations,
} from './darknet/config.ts'
export { type DarknetParameter, darknetParameters } from './darknet/parameters.ts'
export { formatDarknetConfig, parseDarknetConfig } from './darknet/parse.ts'
export {
  type DarknetWeights,
  type DarknetWriteOptions,
  darknetChunks,
  darknetSeenKey,
  openDarknet,
} from './darknet/weights.ts'
export { CheckpointError, type CheckpointErrorOptions, copyAgain } from './errors.ts'
export type { Json } from './exact-json.ts'
export { type FileContents, type FormatDefinition, type FormatName, formats } from './formats.ts'
export { storeTensors } from './from-tensors.ts'
export { type HttpOptions, httpAccess } from './http.ts'
export {
  type Checkpoint,
  type CheckpointFormat,
  type LoadedStateDict,
  type LoadOptions,
  loadStateDict,
  openCheckpoint,
  type WeightSource,
} from './load.ts'
export { openPyTorch, type PyTorchFile, type PyTorchOptions, pyTorchChunks } from './pytorch.ts'
export type { PlainValue } from './pytorch-values.ts'
export { blobAccess, bytesAccess, type RandomAccess } from './random-access.ts'
export { openSafetensors, parseSafetensors, type SafetensorsFile } from './safetensors.ts'
export { encodeSafetensors, type FileChunks, safetensorsChunks } from './safetensors-write.ts'
export { openShardedSafetensors } from './sharded.ts'
export {
  convertTo,
  defaultDType,
  type StateDict,
  type StoredDType,
  type StoredTensor,
  type StoredValues,
  toFloat32,
  toInt32,
  type WeightTensor,
  weightTensor,
  weightTensorFromBytes,
  weightTensorOf,
} from './state-dict.ts'
export {
  readTrainingCheckpoint,
  type TrainingCheckpoint,
  trainingCheckpointChunks,
} from './training-checkpoint.ts'
