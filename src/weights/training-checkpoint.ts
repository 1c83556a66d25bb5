import { CheckpointError } from './errors.ts'
import { type Json, parseExact, stringifyExact } from './exact-json.ts'
import { orderedKeys } from './json-keys.ts'
import type { RandomAccess } from './random-access.ts'
import { openSafetensors, type SafetensorsFile } from './safetensors.ts'
import { type FileChunks, safetensorsChunks } from './safetensors-write.ts'
import type { StateDict, StoredTensor } from './state-dict.ts'

export const trainingCheckpointVersion: number = 1

/** Everything that a training run needs in order to go on as if it had never stopped. */
export interface TrainingCheckpoint {
  /** Parameters and buffers of the model. */
  readonly model: StateDict
  readonly optimizer: {
    /** Momentum and the like, named by the optimizer. */
    readonly tensors: StateDict
    /** Hyper-parameters and counters. */
    readonly state: Json
  }
  readonly scheduler: Json
  /** Epochs completed. */
  readonly epoch: number
  /** Optimizer steps completed, over all epochs. */
  readonly step: number
  /** The seed of the run. */
  readonly seed: number
  /** States of the random generators. */
  readonly random: Json
  /** Model name and options, class names, preprocessing, best metric: what the trainer wants to keep. */
  readonly extra: Json
}

const modelPrefix = 'model.'
const optimizerPrefix = 'optimizer.'
const versionKey = 'ocelli_training_checkpoint'
const stateKey = 'ocelli_state'

/**
 * The checkpoint as the parts of one safetensors file, which any safetensors reader can open: tensors `model.*` and
 * `optimizer.*`, and the rest as JSON in the metadata. Throws a TypeError, naming the path, for a value that JSON
 * cannot hold.
 */
export function trainingCheckpointChunks(checkpoint: TrainingCheckpoint): FileChunks {
  const { model, optimizer, scheduler, epoch, step, seed, random, extra } = checkpoint
  for (const [name, value] of Object.entries({ epoch, step, seed })) {
    if (!Number.isSafeInteger(value))
      throw new TypeError(`${name} of a training checkpoint is ${value}, no integer`)
  }
  const tensors: StateDict = new Map()
  for (const [name, tensor] of model) tensors.set(modelPrefix + name, tensor)
  for (const [name, tensor] of optimizer.tensors) tensors.set(optimizerPrefix + name, tensor)
  const state = { epoch, step, seed, optimizer: optimizer.state, scheduler, random, extra }
  return safetensorsChunks(tensors, {
    [versionKey]: String(trainingCheckpointVersion),
    [stateKey]: stringifyExact(state),
  })
}

/** Whether an open safetensors file is a training checkpoint of Ocelli. */
export function isTrainingCheckpoint(file: SafetensorsFile): boolean {
  return file.metadata[versionKey] !== undefined
}

/** The parts of an open training checkpoint; the tensors are read on demand. Throws a CheckpointError. */
export function trainingParts(
  file: SafetensorsFile,
  name: string,
): {
  model: Map<string, StoredTensor>
  optimizer: Map<string, StoredTensor>
  state: { readonly [key: string]: Json }
} {
  const version = file.metadata[versionKey]
  if (version === undefined) {
    throw new CheckpointError(
      name,
      'has weights but no training state: it is not a training checkpoint of Ocelli, so training cannot be resumed ' +
        'from it; start a new run from its weights instead',
    )
  }
  if (version !== String(trainingCheckpointVersion)) {
    throw new CheckpointError(
      name,
      `is a training checkpoint of format version ${version.slice(0, 20)}, and this Ocelli reads version ` +
        `${trainingCheckpointVersion}`,
      undefined,
      { advice: 'update Ocelli' },
    )
  }
  const model = new Map<string, StoredTensor>()
  const optimizer = new Map<string, StoredTensor>()
  for (const [key, tensor] of file.tensors) {
    if (key.startsWith(modelPrefix)) model.set(key.slice(modelPrefix.length), tensor)
    else if (key.startsWith(optimizerPrefix)) optimizer.set(key.slice(optimizerPrefix.length), tensor)
    else
      throw damaged(name, `tensor ${JSON.stringify(key)} belongs neither to the model nor to the optimizer`)
  }
  return { model, optimizer, state: parseState(file.metadata[stateKey], name) }
}

/** Reads a training checkpoint and checks that nothing is missing. Throws a CheckpointError. */
export async function readTrainingCheckpoint(source: RandomAccess): Promise<TrainingCheckpoint> {
  const { model, optimizer, state } = trainingParts(await openSafetensors(source), source.name)
  return {
    model: await readAll(model),
    optimizer: { tensors: await readAll(optimizer), state: field(state, 'optimizer', source.name) },
    scheduler: field(state, 'scheduler', source.name),
    epoch: integerField(state, 'epoch', source.name),
    step: integerField(state, 'step', source.name),
    seed: integerField(state, 'seed', source.name),
    random: field(state, 'random', source.name),
    extra: field(state, 'extra', source.name),
  }
}

/** The values of all tensors, in the same order. */
export async function readAll(tensors: ReadonlyMap<string, StoredTensor>): Promise<StateDict> {
  // Asked for together, so that a file can be read in few calls.
  const read = [...tensors].map(async ([name, tensor]) => [name, await tensor.read()] as const)
  return new Map(await Promise.all(read))
}

function parseState(text: string | undefined, file: string): { readonly [key: string]: Json } {
  if (text === undefined) throw damaged(file, `its metadata has no ${stateKey}`)
  let state: Json
  try {
    state = parseExact(text)
    orderedKeys(text, (key) => {
      throw new SyntaxError(`${JSON.stringify(key)} appears twice`)
    })
  } catch (error) {
    throw damaged(file, `its training state is not valid (${(error as Error).message})`)
  }
  if (state === null || typeof state !== 'object' || Array.isArray(state)) {
    throw damaged(file, 'its training state is not an object')
  }
  return state as { readonly [key: string]: Json }
}

function field(state: { readonly [key: string]: Json }, key: string, file: string): Json {
  const value = state[key]
  if (value === undefined) throw damaged(file, `its training state has no ${key}`)
  return value
}

function integerField(state: { readonly [key: string]: Json }, key: string, file: string): number {
  const value = field(state, key, file)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw damaged(file, `${key} is ${String(value)}, no integer`)
  }
  return value
}

function damaged(file: string, what: string): CheckpointError {
  return new CheckpointError(file, `damaged training checkpoint: ${what}`)
}
