// A suite of methods that first learn and then predict: both timed apart, in turns, once the results are found alike.
import { startAll } from './engines.mjs'
import { writeImages } from './images.mjs'
import { takeTurns } from './interleave.mjs'
import { labelOf } from './report.mjs'
import { disagreement, figuresOf } from './statistics.mjs'

const percent = (share) => `${(100 * share).toFixed(2)} %`

/** Why two results are not alike enough; null where they are. */
export function difference(same, ours, theirs) {
  if (same.numbers !== undefined) {
    const error = disagreement(theirs.values, ours.values)
    return error <= same.numbers ? null : `differ by ${error.toExponential(1)}`
  }
  if (ours.values.length !== theirs.values.length)
    return `differ in the number of predictions, ${theirs.values.length} and ${ours.values.length}`
  if (same.identical) {
    const differing = ours.values.filter((label, i) => label !== theirs.values[i]).length
    return differing === 0 ? null : `differ in ${differing} of ${ours.values.length} predictions`
  }
  const apart = Math.abs(ours.accuracy - theirs.accuracy)
  // Of few predictions, one is more than the bound.
  return apart <= Math.max(same.accuracy, 1.01 / ours.values.length)
    ? null
    : `differ in accuracy, ${percent(theirs.accuracy)} and ${percent(ours.accuracy)}`
}

function noteOf({ learned }, ours, theirs) {
  const both = (show, of) => [ours, ...(theirs ? [theirs] : [])].map((result) => show(result[of])).join(' / ')
  const parts = []
  if (ours.accuracy !== undefined) parts.push(`accuracy ${both(percent, 'accuracy')}`)
  if (theirs && ours.accuracy !== undefined) {
    const equal = ours.values.filter((label, i) => label === theirs.values[i]).length
    parts.push(`${percent(equal / ours.values.length)} of predictions equal`)
  }
  if (learned) parts.push(`${both(String, 'learned')} ${learned.what}`)
  return parts.join(', ')
}

/** The images that the cases read, on disk. */
async function imagesFor(cases, { options, note }) {
  const counts = cases.map(({ data }) => data).filter(({ kind }) => kind === 'images')
  if (counts.length === 0) return undefined
  const most = (part) => Math.max(...counts.map((data) => data[part]))
  const images = await writeImages(options.mnist, { train: most('train'), test: most('test') })
  note(
    images.source === undefined
      ? `no MNIST in ${options.mnist}: digits that Ocelli draws stand in for it`
      : `images: ${images.source}`,
  )
  return images
}

/** Yields two rows, of fitting and of predicting, for each case, number of threads and peer. */
export async function* runPhased(suite, name, context) {
  const { options, peers, skip, note } = context
  const cases = suite.cases(options).filter((each) => options.matches(each.case))
  if (cases.length === 0) return
  if (options.quick) note('--quick: a tenth of the samples, whose figures say nothing of the full sizes')
  const images = await imagesFor(cases, context)
  for (const threads of options.threads) {
    const running = await startAll([suite.ours, ...peers], threads, (engine, why) => skip(name, engine, why))
    const own = running.get(suite.ours)
    try {
      if (own === undefined) return
      for (const each of cases) {
        if (!own.info.methods.includes(each.ours[0])) {
          note(`${each.case}: this build has no ${each.ours[0]}`)
          continue
        }
        for (const row of await measureCase(suite, each, images, running, threads, context))
          yield { suite: name, ...row }
      }
    } finally {
      for (const { worker } of running.values()) await worker.stop()
    }
  }
}

async function measureCase(suite, each, images, running, threads, { options, note, wrong }) {
  const shown = each.data.kind === 'images' ? images : undefined
  const spec = { ...each, data: { ...each.data, ...shown } }
  const opened = new Map()
  for (const [engine, { worker }] of running) {
    try {
      opened.set(engine, await worker.ask('open', { spec }))
    } catch (error) {
      note(`${labelOf({ ...each, threads })}: ${engine}: ${error.message}`)
    }
  }
  const ours = opened.get(suite.ours)
  if (ours === undefined) return []
  for (const [engine, theirs] of opened) {
    const how = difference(each.same, ours, theirs)
    if (how === null) continue
    wrong(labelOf({ ...each, threads }), engine, how)
    opened.delete(engine)
  }
  if (!opened.has(suite.ours)) return []
  const times = await takeTurns(
    [...opened.keys()].map((engine) => ({ name: engine, worker: running.get(engine).worker })),
    options,
  )
  for (const { worker } of running.values()) await worker.ask('close')
  const rows = rowsOf(suite, each, threads, opened, times)
  if (shown === undefined || shown.source !== undefined) return rows
  return rows.map((row) => ({ ...row, note: `${row.note}, on generated digits` }))
}

function rowsOf(suite, each, threads, opened, times) {
  const ours = opened.get(suite.ours)
  const peers = [...opened.keys()].filter((engine) => engine !== suite.ours)
  return ['fit', each.apply].flatMap((phase) => {
    const count = each.data[phase === 'fit' ? 'train' : 'test']
    const figures = (engine) => figuresOf(times.get(engine).get(phase))
    const own = figures(suite.ours)
    const base = {
      case: `${each.case}, ${phase} ${count.toLocaleString('en')}`,
      threads,
      oursMs: own.min,
      oursMedianMs: own.median,
      accuracy: ours.accuracy,
    }
    if (peers.length === 0)
      return [{ ...base, peer: null, peerMs: null, ratio: null, note: noteOf(each, ours) }]
    return peers.map((peer) => {
      const other = figures(peer)
      return {
        ...base,
        peer,
        peerMs: other.min,
        peerMedianMs: other.median,
        ratio: other.min / own.min,
        medianRatio: other.median / own.median,
        peerAccuracy: opened.get(peer).accuracy,
        note: noteOf(each, ours, opened.get(peer)),
      }
    })
  })
}
