// A suite whose workloads are timed in turns: opened by every engine, compared, then measured.
import { engines, startAll } from './engines.mjs'
import { interleave } from './interleave.mjs'
import { shareOfLimits } from './limits.mjs'
import { labelOf } from './report.mjs'
import { disagreement } from './statistics.mjs'

const tolerance = 1e-3

/**
 * Yields a row for each case, number of threads and peer (a row without a peer where none ran). Results that differ from
 * Ocelli's are reported through `wrong` and not timed.
 */
export async function* runTimed(suite, name, context) {
  const { options, peers, skip } = context
  const cases = suite.cases().filter((each) => options.matches(`${each.case} b${each.batch}`))
  if (cases.length === 0) return
  for (const threads of options.threads) {
    const running = await startAll([suite.ours, ...peers], threads, (engine, why) => skip(name, engine, why))
    try {
      if (!running.has(suite.ours)) return
      for (const each of cases) {
        for (const row of await measureCase(suite, each, running, threads, context))
          yield { suite: name, ...row }
      }
    } finally {
      for (const { worker } of running.values()) await worker.stop()
    }
  }
}

async function measureCase(suite, each, running, threads, { options, machine, exporter, wrong, note }) {
  const label = labelOf({ ...each, threads })
  const opened = await openAll(running, each, exporter, (engine, why) => note(`${label}: ${engine}: ${why}`))
  const ours = opened.get(suite.ours)
  if (!ours) return []
  for (const [engine, error] of disagreements(opened, ours, each.compare ?? true)) {
    wrong(label, engine, `differ by ${error.toExponential(1)}`)
    opened.delete(engine)
  }
  if (!opened.has(suite.ours)) return []
  const results = await interleave(
    [...opened].map(([engine, { worker }]) => ({ name: engine, worker })),
    options,
  )
  for (const { worker } of running.values()) await worker.ask('close')
  const own = results.get(suite.ours)
  const work = { macs: each.macs ?? ours.macs, bytes: each.bytes }
  const limits = machine.limits.find((measured) => measured.threads === threads)
  const base = {
    case: each.case,
    batch: each.batch,
    threads,
    oursMs: own.min,
    oursMedianMs: own.median,
    ...shareOfLimits(work, own.min, limits, suite.peak),
  }
  results.delete(suite.ours)
  if (results.size === 0) return [{ ...base, peer: null, peerMs: null, ratio: null }]
  return [...results].map(([peer, other]) => ({
    ...base,
    peer,
    peerMs: other.min,
    peerMedianMs: other.median,
    peerVariant: other.variant || undefined,
    ratio: other.min / own.min,
    medianRatio: other.median / own.median,
  }))
}

/** Has every engine prepare the workload and run it once. An engine that can't is left out of this case. */
async function openAll(running, { spec }, exporter, fail) {
  const opened = new Map()
  for (const [engine, { worker }] of running) {
    try {
      const model = engines[engine].readsModel ? await exporter.ask('onnx', { spec }) : undefined
      opened.set(engine, { worker, ...(await worker.ask('open', { spec, model })) })
    } catch (error) {
      fail(engine, error.message)
    }
  }
  return opened
}

/** The engines whose results differ from Ocelli's, and by how much; Ocelli itself where its own hold no numbers. */
function disagreements(opened, ours, compare) {
  return [...opened]
    .filter(([, each]) => compare || each === ours)
    .map(([engine, { sample }]) => [engine, disagreement(sample, ours.sample)])
    .filter(([, error]) => !(error <= tolerance))
}
