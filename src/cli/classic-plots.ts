import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Column,
  cellOf,
  type Features,
  type Label,
  Pipeline,
  type Predictor,
  Table,
} from '../classical/index.ts'
import { type ConfusionMatrix, rocCurve } from '../metrics/index.ts'
import { contourPlot, heatmap, rocChart, scatterChart, type TreeNode, treeDiagram } from '../plots/index.ts'
import { writeFileAtomic } from '../weights/file.ts'
import { UsageError } from './command.ts'

/** Writes pictures into a folder, and says so. */
export class PlotFolder {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(name: string, svg: Promise<string>): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const path = join(this.#folder, `${name}.svg`)
    await writeFileAtomic(path, [new TextEncoder().encode(await svg)])
    console.error(`drew ${path}`)
  }
}

/** The tree that a fitted method has learned, where it is one. */
export function treeOf(predictor: Predictor): TreeNode | undefined {
  const method = predictor instanceof Pipeline ? predictor.last : predictor
  return 'toDiagram' in method ? (method.toDiagram as () => TreeNode)() : undefined
}

export function treePicture(title: string, root: TreeNode): Promise<string> {
  return treeDiagram({ title, root })
}

export function confusionPicture(title: string, matrix: ConfusionMatrix): Promise<string> {
  const { classes, size } = matrix
  const indices = classes.map((_, i) => i)
  return heatmap({
    title,
    values: indices.map((actual) => indices.map((predicted) => matrix.count(actual, predicted))),
    xLabels: classes,
    yLabels: classes,
    x: { label: 'predicted' },
    y: { label: 'true' },
    annotate: size <= 40,
    legend: size > 40,
  })
}

/** One curve for each method whose scores of the positive class are known. */
export function rocPicture(
  title: string,
  actual: readonly (Label | null)[],
  positive: Label,
  methods: readonly { readonly name: string; readonly scores: ArrayLike<number> }[],
): Promise<string> {
  const isPositive = actual.map((label) => label === positive)
  return rocChart({
    title,
    curves: methods.map(({ name, scores }) => ({ name, ...rocCurve(scores, isPositive) })),
  })
}

/** The two numeric columns to draw over: those that are named, or the only two there are. */
export function plottedColumns(
  x: Features,
  named: string | undefined,
): readonly [string, string] | undefined {
  if (!(x instanceof Table)) {
    if (named !== undefined) throw new UsageError('--plot-features is for tables')
    return undefined
  }
  const numeric = x.columns.filter(({ kind }) => kind === 'numeric').map(({ name }) => name)
  if (named === undefined) {
    return x.columns.length === 2 && numeric.length === 2 ? [numeric[0]!, numeric[1]!] : undefined
  }
  const chosen = named.split(',').map((name) => name.trim())
  const unknown = chosen.find((name) => !numeric.includes(name))
  if (chosen.length !== 2 || unknown !== undefined) {
    throw new UsageError(
      `--plot-features takes two numeric columns, such as '${numeric.slice(0, 2).join(',')}'; got '${named}'`,
    )
  }
  return [chosen[0]!, chosen[1]!]
}

/** Steps of the grid along each axis. */
const gridSteps = 120

/** What a fitted method predicts over the plane of two numeric columns, with the samples on it. */
export async function boundaryPicture(
  title: string,
  predictor: Predictor,
  x: Table,
  y: Column,
): Promise<string> {
  const [across, up] = x.columns.map((column) => axisOf(column))
  const grid = up!.places.flatMap((b) => across!.places.map((a) => [a, b]))
  const predicted = await predictor.predict(Table.fromRows(grid, x.names))
  const rowsOf = (values: ArrayLike<number>): Float64Array[] =>
    up!.places.map((_, j) =>
      Float64Array.from({ length: across!.places.length }, (_, i) => values[j * across!.places.length + i]!),
    )
  const common = { title, x: across!.places, y: up!.places, xLabel: across!.name, yLabel: up!.name }
  if (predictor.kind === 'regressor') {
    return contourPlot({ ...common, values: rowsOf(predicted as Float64Array) })
  }
  const classes = (predictor.classes ?? []).map(String)
  const codes = Float64Array.from(predicted as Label[], (label) => classes.indexOf(String(label)))
  const points = classes.flatMap((name) => {
    const rows = Array.from({ length: x.length }, (_, row) => row).filter(
      (row) => String(cellOf(y, row)) === name,
    )
    const at = rows.map((row) => [across!.values[row]!, up!.values[row]!] as const)
    const known = at.filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b))
    return known.length > 0 ? [{ name, points: known }] : []
  })
  return contourPlot({ ...common, values: rowsOf(codes), classes, points })
}

function axisOf(column: Column): { name: string; values: Float64Array; places: number[] } {
  const values = column.kind === 'numeric' ? column.values : new Float64Array()
  const present = values.filter((value) => !Number.isNaN(value))
  const low = present.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = present.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const margin = (high - low || 1) * 0.05
  const step = (high - low + 2 * margin) / (gridSteps - 1)
  return {
    name: column.name,
    values,
    places: Array.from({ length: gridSteps }, (_, i) => low - margin + i * step),
  }
}

/** Predicted against true numbers. */
export function regressionPicture(
  title: string,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
): Promise<string> {
  const points = Array.from(actual, (value, i) => [value, predicted[i]!] as const)
  const all = points.flat()
  const [low, high] = [Math.min(...all), Math.max(...all)]
  return scatterChart({
    title,
    x: { label: 'true' },
    y: { label: 'predicted' },
    groups: [{ name: 'samples', points }],
    lines: [
      {
        points: [
          [low, low],
          [high, high],
        ],
        dashed: true,
      },
    ],
  })
}
