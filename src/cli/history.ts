import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochReport } from '../train/index.ts'
import { writeFileAtomic } from '../weights/file.ts'
import { CommandError } from './command.ts'
import { formatSeconds, percent } from './progress.ts'

const fileName = 'history.json'

/** An epoch as it is kept: what the training tells of it, its last rate, and its time. */
export type Entry<R> = R & { readonly lr: number; readonly seconds: number }

export type EpochEntry = Entry<EpochReport>

/** The first epoch with the highest validation accuracy. */
export function bestOf(history: readonly EpochEntry[]): EpochEntry | null {
  let best: EpochEntry | null = null
  for (const entry of history) {
    if (entry.validation && (best === null || entry.validation.accuracy > best.validation!.accuracy)) {
      best = entry
    }
  }
  return best
}

export function epochLine({ epoch, train, validation, lr, seconds }: EpochEntry, epochs: number): string {
  const parts = [
    `epoch ${epoch}/${epochs}`,
    `loss ${train.loss.toFixed(4)}`,
    `accuracy ${percent(train.accuracy)}`,
    ...(validation
      ? [`validation loss ${validation.loss.toFixed(4)}`, `accuracy ${percent(validation.accuracy)}`]
      : []),
    `lr ${Number(lr.toPrecision(3))}`,
    formatSeconds(seconds),
  ]
  return parts.join('  ')
}

/** What TensorBoard is told of an epoch. */
export function epochScalars({ train, validation }: EpochEntry): Record<string, number> {
  return {
    'loss/train': train.loss,
    'accuracy/train': train.accuracy,
    ...(validation && { 'loss/validation': validation.loss, 'accuracy/validation': validation.accuracy }),
  }
}

export async function readHistory<E>(out: string, epochs: number): Promise<E[]> {
  const path = join(out, fileName)
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as E[]).slice(0, epochs)
  } catch (error) {
    if (epochs === 0 && (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CommandError(`${path}: cannot be read (${(error as Error).message}); it belongs to the run`)
  }
}

export async function writeHistory(out: string, history: readonly unknown[]): Promise<void> {
  await writeJson(join(out, fileName), history)
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)])
}
