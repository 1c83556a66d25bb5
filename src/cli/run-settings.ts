import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Preprocessing } from '../transforms/index.ts'
import type { Json } from '../weights/index.ts'
import { CommandError } from './command.ts'
import { writeJson } from './history.ts'
import { storedFolder } from './summaries.ts'

const fileName = 'run.json'

/** What a run was started with, kept beside its checkpoint so that it can be resumed. */
export interface RunSettings<Flags> {
  /** The command that started it. */
  readonly command: 'train' | 'demo'
  readonly flags: Flags
  readonly model: string
  readonly modelOptions: { readonly [key: string]: Json }
  readonly preprocessing: Preprocessing
}

/** Paths are kept in full, so that the run can be resumed from any folder. */
export async function writeRunSettings(folder: string, settings: RunSettings<object>): Promise<void> {
  const { data, val, weights, tensorboard } = settings.flags as {
    readonly [flag: string]: string | undefined
  }
  const paths = {
    data: fullPath(data),
    val: fullPath(val),
    weights: fullPath(weights),
    tensorboard: storedFolder(tensorboard),
  }
  const flags = { ...settings.flags, ...paths }
  await writeJson(join(folder, fileName), { version: 1, ...settings, flags })
}

function fullPath(path: string | undefined): string | undefined {
  return path !== undefined && path !== 'digits' ? resolve(path) : path
}

/** Throws a CommandError where the folder holds no run. */
export async function readRunSettings<Flags>(
  folder: string,
  command: RunSettings<Flags>['command'],
): Promise<RunSettings<Flags>> {
  const path = join(folder, fileName)
  let settings: RunSettings<Flags>
  try {
    settings = JSON.parse(await readFile(path, 'utf8')) as RunSettings<Flags>
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message
    throw new CommandError(`${path}: ${why}; --resume needs the folder of a run of ocelli ${command}`)
  }
  const { command: starter = 'train' } = settings
  if (starter === command) return settings
  throw new CommandError(
    `${folder}: is a run of ocelli ${starter}; ocelli ${starter} --resume` +
      `${starter === 'demo' ? ` --out ${folder}` : ` ${folder}`} goes on with it`,
  )
}
