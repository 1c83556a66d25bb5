import type { Module } from '../nn/index.ts'
import type { Optimizer, Scheduler } from '../optim/index.ts'
import type { Generator, GeneratorState } from '../tensor/index.ts'
import { loadTrainingCheckpoint, saveTrainingCheckpoint } from '../weights/file.ts'
import { CheckpointError, type Json, storeTensors } from '../weights/index.ts'
import type { Position } from './loop.ts'

/** What a network needs in order to be built again and fed. */
export interface ModelDescription {
  readonly model: string
  readonly options: { readonly [key: string]: Json }
  readonly classes: readonly string[] | null
  readonly preprocessing: Json
}

export interface RunState {
  readonly model: Module
  readonly optimizer: Optimizer
  readonly scheduler: Scheduler | null
  /** The generator that dropout draws from. */
  readonly generator: Generator
  readonly seed: number
}

/** Saves a run so that it goes on from here to the same result; atomically: the file is the old one or the new one. */
export async function saveRun(
  path: string,
  run: RunState,
  position: Position,
  description: ModelDescription,
): Promise<void> {
  const optimizer = run.optimizer.stateDict()
  await saveTrainingCheckpoint(path, {
    model: await storeTensors(run.model.stateDict()),
    optimizer: { tensors: await storeTensors(optimizer.tensors), state: optimizer.state },
    scheduler: run.scheduler?.stateDict() ?? null,
    epoch: position.epoch,
    step: position.step,
    seed: run.seed,
    random: { ...run.generator.state() },
    extra: {
      ...description,
      classes: description.classes && [...description.classes],
      stepInEpoch: position.stepInEpoch,
      running: { ...position.running },
    },
  })
}

export interface SavedRun {
  readonly description: ModelDescription
  readonly position: Position
  readonly seed: number
  readonly random: GeneratorState
  /** Puts the saved state into a run built anew from the description. */
  readonly restore: (run: Omit<RunState, 'generator' | 'seed'>) => Promise<void>
}

interface Extra extends ModelDescription {
  readonly stepInEpoch: number
  readonly running: Position['running']
}

/** Reads a run saved by saveRun. Throws a CheckpointError. */
export async function loadRun(path: string): Promise<SavedRun> {
  const saved = await loadTrainingCheckpoint(path)
  const extra = saved.extra as unknown as Extra | null
  if (typeof extra?.model !== 'string' || typeof extra.stepInEpoch !== 'number') {
    throw new CheckpointError(path, 'is a training checkpoint, but not one of `ocelli train`')
  }
  const { model, options, classes, preprocessing, stepInEpoch, running } = extra
  return {
    description: { model, options, classes, preprocessing },
    position: { epoch: saved.epoch, step: saved.step, stepInEpoch, running },
    seed: saved.seed,
    random: saved.random as unknown as GeneratorState,
    restore: async (run) => {
      run.model.loadStateDict(saved.model)
      run.optimizer.loadStateDict(saved.optimizer)
      if (saved.scheduler !== null) run.scheduler?.loadStateDict(saved.scheduler)
    },
  }
}
