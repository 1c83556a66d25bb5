import { basename, extname } from 'node:path'
import { loadEstimator, saveEstimator } from '../classical/file.ts'
import {
  accuracyScore,
  type Column,
  type Label,
  labelConfusion,
  labelValues,
  type MethodName,
  methods,
  Pipeline,
  type Predictor,
  r2Score,
  StateError,
  Table,
  trainTestSplit,
} from '../classical/index.ts'
import { StateReader } from '../classical/state.ts'
import type { ConfusionMatrix } from '../metrics/index.ts'
import { compareMethods, formatComparison } from './classic-compare.ts'
import { type ClassicData, numericTarget, openClassicData } from './classic-data.ts'
import { explained, methodFor, methodsOf, openMethod, parseSettings } from './classic-method.ts'
import type { ClassicAction, ClassicDataFlags, ClassicFlags } from './classic-options.ts'
import {
  boundaryPicture,
  confusionPicture,
  PlotFolder,
  plottedColumns,
  regressionPicture,
  rocPicture,
  treeOf,
  treePicture,
} from './classic-plots.ts'
import { CommandError, UsageError } from './command.ts'
import { counted, percent } from './progress.ts'

type Action = (args: readonly string[], flags: ClassicFlags) => Promise<void>

const actions: Readonly<Record<ClassicAction, Action>> = { fit, predict, compare, list }

/** Does what `ocelli classic ACTION` asks for. */
export function runClassic(
  action: ClassicAction,
  args: readonly string[],
  flags: ClassicFlags,
): Promise<void> {
  return explained(() => actions[action](args, flags))
}

function onePath(action: string, args: readonly string[]): string {
  const [path, ...others] = args
  if (path === undefined || others.length > 0) {
    throw new UsageError(`classic ${action} takes one table or folder; got ${args.join(' ') || 'none'}`)
  }
  return path
}

async function labelledData(
  path: string,
  flags: ClassicFlags,
): Promise<ClassicData & { readonly y: Column }> {
  const { x, y, task } = await openClassicData(path, flags)
  if (y === undefined) throw new CommandError(`${path} has nothing to predict`)
  const columns = x instanceof Table ? x.columns.length : x.columns
  const rows = x instanceof Table ? x.length : x.rows
  console.error(`${path}: ${counted(rows, 'row')}, ${counted(columns, 'column')}; ${task} of '${y.name}'`)
  return { x, y: task === 'regression' ? numericTarget(y) : y, task }
}

async function fit(args: readonly string[], flags: ClassicFlags): Promise<void> {
  const path = onePath('fit', args)
  const [name, ...others] = flags.method
  if (name === undefined || others.length > 0)
    throw new UsageError('classic fit needs one --method; ocelli classic list names them')
  if (flags.test >= 1) throw new UsageError(`--test is a share below 1; got ${flags.test}`)
  const { x, y, task } = await labelledData(path, flags)
  const method = methodFor(name, task)
  const untrained = await openMethod(method, x, parseSettings(flags.set))
  const parts =
    flags.test > 0
      ? await trainTestSplit(x, y, {
          testSize: flags.test,
          seed: flags.seed,
          stratify: task === 'classification',
        })
      : { xTrain: x, yTrain: y, xTest: x, yTest: y }
  const predictor = await untrained.fit(parts.xTrain, parts.yTrain)
  const result = await judged(await predictor.predict(parts.xTest), parts.yTest)
  const { confusion } = result
  const out = flags.out ?? `${basename(path, extname(path)) || 'data'}-${method}.json`
  await saveEstimator(out, predictor, { source: sourceOf(flags, y.name, task) })
  const rows = flags.test > 0 ? `${counted(result.rows, 'row')} kept to test` : 'the rows it learned from'
  if (flags.json) {
    console.log(
      JSON.stringify(
        {
          method,
          task,
          [result.measure]: result.score,
          testedOn: flags.test > 0 ? 'test' : 'training',
          saved: out,
          confusion: confusion && { classes: confusion.classes, counts: Array.from(confusion.counts) },
        },
        null,
        2,
      ),
    )
  } else {
    const text = textOf(predictor)
    if (text !== undefined) console.log(`${text}\n`)
    console.log(`${result.measure} on ${rows}  ${scoreText(result)}`)
    if (confusion !== undefined && confusion.size <= 20) console.log(`\n${confusion}`)
    console.log(`\nsaved ${out}`)
  }
  if (flags.plots !== undefined)
    await drawFit(new PlotFolder(flags.plots), flags, predictor, { x, y, task }, parts, result)
}

interface Judgement {
  readonly measure: 'accuracy' | 'R2'
  readonly score: number
  readonly rows: number
  readonly predictions: ArrayLike<Label | number>
  readonly confusion?: ConfusionMatrix
}

/** How good predictions are. */
async function judged(predictions: Label[] | Float64Array, y: Column): Promise<Judgement> {
  const rows = predictions.length
  if (predictions instanceof Float64Array) {
    return { measure: 'R2', score: r2Score(numericTarget(y).values, predictions), rows, predictions }
  }
  const score = accuracyScore(await labelValues(y), predictions)
  return { measure: 'accuracy', score, rows, predictions, confusion: await labelConfusion(y, predictions) }
}

function scoreText({ measure, score }: Judgement): string {
  return measure === 'accuracy' ? percent(score) : score.toFixed(4)
}

/** What the method says of itself: a tree, a rule, a table of coefficients. */
function textOf(predictor: Predictor): string | undefined {
  const method = predictor instanceof Pipeline ? predictor.last : predictor
  if ('toText' in method) return (method.toText as () => string)()
  return 'summary' in method ? (method.summary as () => string)() : undefined
}

async function drawFit(
  folder: PlotFolder,
  flags: ClassicFlags,
  predictor: Predictor,
  { x, y, task }: ClassicData & { readonly y: Column },
  { xTest, yTest }: { readonly xTest: ClassicData['x']; readonly yTest: Column },
  { predictions, confusion }: Judgement,
): Promise<void> {
  const title = methods[methodFor(flags.method[0]!, task)].title
  const tree = treeOf(predictor)
  if (tree !== undefined) await folder.add('tree', treePicture(title, tree))
  const columns = plottedColumns(x, flags.plotFeatures)
  if (columns !== undefined) {
    const plane = (x as Table).select(columns)
    const known =
      plane.columns.length === (x as Table).columns.length ? predictor : await predictor.clone().fit(plane, y)
    await folder.add('boundary', boundaryPicture(title, known, plane, y))
  }
  if (confusion === undefined) {
    const { values } = numericTarget(yTest)
    await folder.add('predictions', regressionPicture(title, values, predictions as Float64Array))
    return
  }
  await folder.add('confusion', confusionPicture(title, confusion))
  const { classes = [] } = predictor
  if (classes.length === 2 && predictor.givesProbabilities) {
    const scores = (await predictor.predictProba!(xTest)).column(1)
    const picture = rocPicture(`ROC of '${classes[1]}'`, await labelValues(yTest), classes[1]!, [
      { name: title, scores },
    ])
    await folder.add('roc', picture)
  }
}

/** What predict needs to read other data the same way. */
interface Source {
  readonly target: string
  readonly task: ClassicData['task']
  readonly flags: Partial<ClassicDataFlags>
}

function sourceOf(
  { type, features, weights, size }: ClassicFlags,
  target: string,
  task: ClassicData['task'],
): Source {
  const given = Object.entries({ type, features, weights, size }).filter(([, value]) => value !== undefined)
  return { target, task, flags: Object.fromEntries(given) }
}

/** The source that fit saved beside a method; undefined where a program saved it. Throws a StateError for anything else. */
function savedSource(json: object): Source | undefined {
  const all = new StateReader(json, 'the saved method')
  if (!all.has('source')) return undefined
  const source = all.object('source')
  const flags = source.object('flags')
  const task = source.text('task')
  if (task !== 'classification' && task !== 'regression') {
    throw new StateError(`the saved method's task is '${task}', neither classification nor regression`)
  }
  return {
    target: source.text('target'),
    task,
    flags: {
      type: flags.texts('type'),
      ...(flags.has('features') && { features: flags.text('features') }),
      ...(flags.has('weights') && { weights: flags.text('weights') }),
      ...(flags.has('size') && { size: flags.integer('size', 1) }),
    },
  }
}

async function predict(args: readonly string[], flags: ClassicFlags): Promise<void> {
  const path = onePath('predict', args)
  if (flags.model === undefined)
    throw new UsageError('classic predict needs --model: the file that classic fit saved')
  const { estimator, json } = await loadEstimator(flags.model)
  if (estimator.kind === 'transformer')
    throw new CommandError(`${flags.model} holds ${estimator.method}, which predicts nothing`)
  const predictor = estimator as Predictor
  const source = savedSource(json)
  const wanted: ClassicDataFlags = {
    ...flags,
    ...source?.flags,
    target: flags.target ?? source?.target,
    task: source?.task ?? flags.task,
  }
  const { x, y } = await openClassicData(path, wanted, { needsTarget: false, train: false })
  const predictions = await predictor.predict(x)
  const probabilities = predictor.givesProbabilities ? await predictor.predictProba!(x) : undefined
  const rows = Array.from(predictions, (prediction, i) => ({
    prediction,
    ...(probabilities && {
      probabilities: Object.fromEntries(
        (predictor.classes ?? []).map((label, c) => [label, probabilities.get(i, c)]),
      ),
    }),
  }))
  const known = y !== undefined && (await labelValues(y)).every((label) => label !== null)
  const judgement = known ? await judged(predictions, y) : undefined
  if (flags.json) {
    console.log(
      JSON.stringify(
        { predictions: rows, ...(judgement && { [judgement.measure]: judgement.score }) },
        null,
        2,
      ),
    )
    return
  }
  for (const { prediction, probabilities: shares } of rows) {
    const share = shares?.[prediction]
    console.log(share === undefined ? `${prediction}` : `${prediction}\t${share.toFixed(4)}`)
  }
  if (judgement === undefined) return
  const { measure, rows: count } = judgement
  console.error(`${measure} ${scoreText(judgement)} on ${counted(count, 'row')} whose '${y!.name}' is known`)
}

async function compare(args: readonly string[], flags: ClassicFlags): Promise<void> {
  const data = await labelledData(onePath('compare', args), flags)
  const asked = flags.method.flatMap((names) => names.split(',')).map((name) => methodFor(name, data.task))
  if (flags.set.length > 0 && asked.length !== 1)
    throw new UsageError('classic compare takes --set with a single --method')
  const settings = parseSettings(flags.set)
  const compared = new Map<MethodName, object>([[baseline(data.task), {}]])
  for (const name of asked.length > 0 ? asked : methodsOf(data.task)) compared.set(name, settings)
  const { folds, seed, plots } = flags
  const result = await compareMethods(data, { methods: compared, folds, seed, plots })
  if (flags.json)
    console.log(JSON.stringify({ data: args[0], task: data.task, folds, seed, ...result }, null, 2))
  else console.log(formatComparison(result, data.task))
}

function baseline(task: ClassicData['task']): MethodName {
  return task === 'regression' ? 'zeror-regressor' : 'zeror'
}

async function list(args: readonly string[], { json }: ClassicFlags): Promise<void> {
  if (args.length > 0) throw new UsageError(`classic list takes nothing; got ${args.join(' ')}`)
  const rows = Object.entries(methods).map(([key, { kind, title, summary }]) => ({
    key,
    kind,
    title,
    summary,
  }))
  if (json) {
    console.log(JSON.stringify(rows, null, 2))
    return
  }
  const width = Math.max(...rows.map(({ key }) => key.length))
  for (const kind of ['classifier', 'regressor'] as const) {
    console.log(`${kind}s`)
    for (const row of rows.filter((each) => each.kind === kind))
      console.log(`  ${row.key.padEnd(width)}  ${row.summary}`)
  }
}
