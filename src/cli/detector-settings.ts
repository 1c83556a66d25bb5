import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, dashed, type OptionSpec, type OptionTable, UsageError } from './command.ts'

/** The flags that a run of train-detector was started with. Throws where other flags than --epochs are given besides --resume. */
export async function readDetectorSettings<Flags extends object>(
  folder: string,
  given: Flags,
  options: OptionTable,
): Promise<Flags> {
  const others = Object.entries<OptionSpec>(options).filter(([name, spec]) => {
    const unset = spec.kind === 'flag' ? false : spec.kind === 'list' ? undefined : spec.default
    return !['resume', 'epochs', 'json'].includes(name) && (given as Record<string, unknown>)[name] !== unset
  })
  if (others.length > 0) {
    throw new UsageError(
      '--resume goes on with the run as it was started; besides it only --epochs can change, not ' +
        others.map(([name]) => `--${dashed(name)}`).join(', '),
    )
  }
  const path = join(folder, 'run.json')
  let settings: { readonly command?: string; readonly flags: Flags }
  try {
    settings = JSON.parse(await readFile(path, 'utf8')) as typeof settings
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message
    throw new CommandError(`${path}: ${why}; --resume needs the folder of a run of ocelli train-detector`)
  }
  if (settings.command === 'train-detector') return settings.flags
  const starter = settings.command ?? 'train'
  throw new CommandError(`${folder}: is a run of ocelli ${starter}, which goes on with it`)
}
