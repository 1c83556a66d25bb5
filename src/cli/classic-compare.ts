import {
  type Column,
  crossValPredict,
  InputError,
  kFold,
  type Label,
  labelConfusion,
  labelValues,
  type MethodName,
  methods,
  type Predictor,
  type Split,
  stratifiedKFold,
} from '../classical/index.ts'
import { cohenKappa, rocCurve } from '../metrics/index.ts'
import { formatTable } from '../metrics/text-table.ts'
import { barChart } from '../plots/index.ts'
import type { ClassicData } from './classic-data.ts'
import { openMethod } from './classic-method.ts'
import { PlotFolder, rocPicture } from './classic-plots.ts'
import { formatSeconds, Progress, percent } from './progress.ts'

export interface CompareOptions {
  /** The methods, each with the options that it is given. */
  readonly methods: ReadonlyMap<MethodName, object>
  readonly folds: number
  readonly seed: number
  readonly plots: string | undefined
}

/** How one method did. */
interface Row {
  readonly method: MethodName
  readonly title: string
  /** Mean over the folds: accuracy, or R2. */
  readonly score: number
  readonly std: number
  /** Of classification. */
  readonly kappa?: number
  /** Of two classes, where the method gives probabilities. */
  readonly auc?: number
  /** Of regression. */
  readonly rmse?: number
  readonly seconds: number
}

export interface Comparison {
  readonly rows: readonly Row[]
  /** Methods that cannot be used on this data, and why. */
  readonly skipped: readonly { readonly method: MethodName; readonly reason: string }[]
}

interface Scored {
  readonly row: Row
  /** Of two classes, where the method gives probabilities: those of the second, out of fold. */
  readonly positive?: { readonly label: Label; readonly scores: Float64Array }
}

/** Cross-validates methods on the same folds, the best first. */
export async function compareMethods(
  { x, y, task }: ClassicData & { readonly y: Column },
  { methods: asked, folds, seed, plots }: CompareOptions,
): Promise<Comparison> {
  const actual = await labelValues(y)
  const splits =
    task === 'regression' ? kFold(actual.length, { folds, seed }) : await stratifiedKFold(y, { folds, seed })
  const progress = new Progress('compare', { total: asked.size * folds, unit: 'folds' })
  const scored: Scored[] = []
  const skipped: { method: MethodName; reason: string }[] = []
  try {
    for (const [i, [method, settings]] of [...asked].entries()) {
      progress.show(methods[method].title)
      try {
        const predictor = await openMethod(method, x, settings)
        scored.push(await scoreMethod(method, predictor, x, y, actual, splits, progress))
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        skipped.push({ method, reason: error.message })
        progress.advance((i + 1) * folds - progress.done, methods[method].title)
      }
    }
  } finally {
    progress.clear()
  }
  scored.sort((a, b) => b.row.score - a.row.score)
  if (plots !== undefined && scored.length > 0) await draw(new PlotFolder(plots), scored, actual, task)
  return { rows: scored.map(({ row }) => row), skipped }
}

async function scoreMethod(
  method: MethodName,
  predictor: Predictor,
  x: ClassicData['x'],
  y: Column,
  actual: readonly (Label | null)[],
  splits: readonly Split[],
  progress: Progress,
): Promise<Scored> {
  const started = performance.now()
  const { title } = methods[method]
  const { predictions, probabilities, classes, mean, std } = await crossValPredict(predictor, x, y, {
    splits,
    onFold: (_, __, score) => progress.advance(1, `${title} ${score.toFixed(3)}`),
  })
  const seconds = (performance.now() - started) / 1000
  const common = { method, title, score: mean, std, seconds }
  if (predictor.kind === 'regressor') {
    const squares = predictions.map((value, i) => ((value as number) - (actual[i] as number)) ** 2)
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
    return { row: { ...common, rmse } }
  }
  const kappa = cohenKappa(await labelConfusion(y, predictions as Label[]))
  const scoresOfSecond = classes.length === 2 ? probabilities?.column(1) : undefined
  if (scoresOfSecond === undefined) return { row: { ...common, kappa } }
  const label = classes[1]!
  const { auc } = rocCurve(
    scoresOfSecond,
    actual.map((each) => each === label),
  )
  return { row: { ...common, kappa, auc }, positive: { label, scores: scoresOfSecond } }
}

async function draw(
  folder: PlotFolder,
  scored: readonly Scored[],
  actual: readonly (Label | null)[],
  task: ClassicData['task'],
): Promise<void> {
  const label = task === 'regression' ? 'R2' : 'accuracy (%)'
  const shown = scored.toReversed()
  const values = shown.map(({ row }) => (task === 'regression' ? row.score : 100 * row.score))
  await folder.add(
    'comparison',
    barChart({
      title: 'Cross-validation',
      categories: shown.map(({ row }) => row.title),
      series: [{ name: label, values }],
      horizontal: true,
      y: { label },
    }),
  )
  const curves = scored.flatMap(({ row, positive }) => (positive ? [{ name: row.title, ...positive }] : []))
  const [first] = curves
  if (first === undefined) return
  const title = `ROC of '${first.label}', out of fold`
  await folder.add('roc', rocPicture(title, actual, first.label, curves.slice(0, 8)))
}

/** A table as text, the best first, and below it what was left out. */
export function formatComparison({ rows, skipped }: Comparison, task: ClassicData['task']): string {
  const binary = rows.some(({ auc }) => auc !== undefined)
  const header =
    task === 'regression'
      ? ['method', 'R2', '±', 'RMSE', 'time']
      : ['method', 'accuracy', '±', 'kappa', ...(binary ? ['AUC'] : []), 'time']
  const lines = rows.map(({ title, score, std, kappa, auc, rmse, seconds }) =>
    task === 'regression'
      ? [
          title,
          score.toFixed(4),
          std.toFixed(4),
          Number(rmse!.toPrecision(4)).toString(),
          formatSeconds(seconds),
        ]
      : [
          title,
          percent(score),
          (100 * std).toFixed(2),
          kappa!.toFixed(3),
          ...(binary ? [auc?.toFixed(3) ?? ''] : []),
          formatSeconds(seconds),
        ],
  )
  const left = skipped.map(({ method, reason }) => `${methods[method].title} was left out: ${reason}`)
  return [formatTable([header, ...lines]), ...(left.length > 0 ? ['', ...left] : [])].join('\n')
}
