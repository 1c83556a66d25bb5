import { stat } from 'node:fs/promises'
import { readTableFile } from '../classical/file.ts'
import {
  type Column,
  type ColumnKind,
  InputError,
  Matrix,
  type NumericColumn,
  type Table,
} from '../classical/index.ts'
import { DataLoader, type Dataset } from '../data/index.ts'
import type { Network } from '../models/index.ts'
import { noGrad } from '../tensor/index.ts'
import { compose, grayscale, resize, type Transform, toTensor } from '../transforms/index.ts'
import type { ClassicDataFlags } from './classic-options.ts'
import { CommandError, UsageError } from './command.ts'
import { evaluationFor } from './image-options.ts'
import { firstOf, openLabelledData, seenThrough } from './labelled-data.ts'
import { loadNetwork } from './network.ts'
import { Progress } from './progress.ts'

export interface ClassicData {
  readonly x: Table | Matrix
  /** undefined where a table to predict has no target column. */
  readonly y: Column | undefined
  readonly task: 'classification' | 'regression'
}

/** A table, or a folder of labelled images as numbers. */
export async function openClassicData(
  path: string,
  flags: ClassicDataFlags,
  { needsTarget = true, train = true }: { needsTarget?: boolean; train?: boolean } = {},
): Promise<ClassicData> {
  const isFolder = path === 'digits' || ((await stat(path).catch(() => undefined))?.isDirectory() ?? false)
  if (isFolder) return imageData(path, flags, train)
  for (const name of ['features', 'weights', 'size'] as const) {
    if (flags[name] !== undefined)
      throw new UsageError(`--${name} is for images, and ${path} is no folder of them`)
  }
  return tableData(path, flags, needsTarget)
}

async function tableData(path: string, flags: ClassicDataFlags, needsTarget: boolean): Promise<ClassicData> {
  const types = Object.fromEntries(flags.type.map(parseType))
  const whole = await readTableFile(path, {
    types,
    ...(flags.delimiter !== undefined && { delimiter: flags.delimiter }),
    ...(flags.header !== undefined && { header: flags.header === 'yes' }),
  })
  const rows = Math.min(flags.limit ?? whole.length, whole.length)
  const table = rows < whole.length ? whole.take(Array.from({ length: rows }, (_, i) => i)) : whole
  const target = targetOf(table, flags.target)
  if (target === undefined && !needsTarget) return { x: table, y: undefined, task: taskOf(undefined, flags) }
  if (target === undefined) {
    throw new UsageError(
      `--target ${flags.target}: ${path} has no such column; it has ${table.names.join(', ')}`,
    )
  }
  const known = table.dropMissing(target)
  if (needsTarget && known.length < table.length) {
    console.error(
      `${table.length - known.length} of ${table.length} rows have no '${target}' and are left out`,
    )
  }
  const { x, y } = (needsTarget ? known : table).split(target)
  if (x.columns.length === 0) throw new CommandError(`${path} has one column, and nothing to predict it from`)
  return { x, y, task: taskOf(y, flags) }
}

function parseType(text: string): [column: string, kind: ColumnKind] {
  const [, column, kind] = /^(.+)=(numeric|nominal)$/.exec(text) ?? []
  if (column === undefined)
    throw new UsageError(`--type takes column=numeric or column=nominal; got '${text}'`)
  return [column, kind as ColumnKind]
}

function targetOf(table: Table, asked: string | undefined): string | undefined {
  if (asked === undefined) return table.names.at(-1)
  if (table.names.includes(asked)) return asked
  return /^\d+$/.test(asked) ? table.names[Number(asked) - 1] : undefined
}

/** Words are classes; so are whole numbers of which each comes several times. */
function taskOf(y: Column | undefined, { task }: ClassicDataFlags): 'classification' | 'regression' {
  if (task === 'classification' || task === 'regression') return task
  if (y === undefined || y.kind === 'nominal') return 'classification'
  const distinct = new Set(y.values)
  const few = distinct.size <= 20 && distinct.size * 5 <= y.values.length
  return few && [...distinct].every(Number.isInteger) ? 'classification' : 'regression'
}

async function imageData(path: string, flags: ClassicDataFlags, train: boolean): Promise<ClassicData> {
  const { features = 'pixels' } = flags
  const source = await openLabelledData(path, { train, skipCorrupt: false })
  const { transform, network } =
    features === 'pixels'
      ? { transform: pixels(source.uniform?.size ?? null, flags), network: undefined }
      : await descriptorsOf(features, flags, source.uniform)
  const dataset = firstOf(seenThrough(source.dataset, transform), flags.limit)
  const { x, labels } = await collect(dataset, network)
  const y: Column = { kind: 'nominal', name: 'class', categories: source.dataset.classes, codes: labels }
  return { x, y, task: 'classification' }
}

/** Pixels from 0 to 1, row by row and channel by channel. */
function pixels(uniform: readonly [number, number] | null, { size, weights }: ClassicDataFlags): Transform {
  if (weights !== undefined) throw new UsageError('--weights needs a network: --features NAME')
  if (uniform !== null && size === undefined) return toTensor()
  const side = size ?? 32
  return compose([...(uniform === null ? [grayscale(3)] : []), resize([side, side]), toTensor()])
}

async function descriptorsOf(
  name: string,
  { weights, size }: ClassicDataFlags,
  uniform: Parameters<typeof evaluationFor>[1],
): Promise<{ transform: Transform; network: Network }> {
  if (size !== undefined) throw new UsageError('--size is for --features pixels; a network knows its own')
  const flags = { model: name, weights, structure: undefined, modelOption: [], labels: undefined }
  const { network, preprocessing } = await loadNetwork(flags)
  return { transform: evaluationFor(preprocessing, uniform), network: network as Network }
}

async function collect(
  dataset: Dataset,
  network: Network | undefined,
): Promise<{ x: Matrix; labels: Int32Array }> {
  const progress = new Progress('images', { total: dataset.length, unit: 'images' })
  const labels = new Int32Array(dataset.length)
  let x: Matrix | undefined
  let row = 0
  try {
    for await (const batch of new DataLoader(dataset, { batchSize: 32 })) {
      const rows = network
        ? noGrad(() =>
            network.forwardHead(network.forwardFeatures(batch.images), { preLogits: true }),
          ).flatten(1)
        : batch.images.flatten(1)
      const values = await rows.data()
      x ??= new Matrix(dataset.length, rows.shape[1]!)
      x.data.set(values, row * x.columns)
      labels.set((await batch.labels.data()) as Int32Array, row)
      row += rows.shape[0]!
      progress.advance(rows.shape[0]!)
    }
  } finally {
    progress.clear()
  }
  if (x === undefined) throw new CommandError('there are no images')
  return { x, labels }
}

/** The numbers of a target that a regressor learns. */
export function numericTarget(y: Column): NumericColumn {
  if (y.kind === 'numeric') return y
  throw new InputError(`'${y.name}' holds categories; --task regression needs numbers`)
}
