// A suite whose workloads are timed in turns: opened by every engine, compared, then measured.
import { startWorker } from './client.mjs'
import { engines, startEngine } from './engines.mjs'
import { interleave } from './interleave.mjs'
import { shareOfLimits } from './limits.mjs'
import { disagreement } from './statistics.mjs'

const tolerance = 1e-3

/** Whoever can run: a peer that can't is told of once, through `skip`. */
async function startAll(names, threads, skip) {
  const running = new Map()
  for (const name of names) {
    const missing = engines[name].missing?.() ?? null
    if (missing !== null) {
      skip(name, missing)
      continue
    }
    const worker = startEngine(name, threads)
    try {
      running.set(name, { name, worker, info: await worker.ask('hello') })
    } catch (error) {
      skip(name, error.message)
      await worker.stop()
    }
  }
  return running
}

/**
 * Yields a row for each case, number of threads and peer (a row without a peer where none ran). Results that differ from
 * Ocelli's are reported through `wrong` and not timed.
 */
export async function* runTimed(suite, name, context) {
  const { options, machine, exporter, skip, wrong, note } = context
  const chosen = options.peers.length > 0 ? [...suite.peers, ...suite.optionalPeers] : suite.peers
  const peers = chosen.filter((peer) => options.peers.length === 0 || options.peers.includes(peer))
  const cases = suite.cases().filter((each) => options.matches(`${each.case} b${each.batch}`))
  if (cases.length === 0) return
  for (const threads of options.threads) {
    const limits = machine.limits.find((each) => each.threads === threads)
    const running = await startAll([suite.ours, ...peers], threads, (engine, why) => skip(name, engine, why))
    try {
      if (!running.has(suite.ours)) return
      for (const each of cases) {
        const label = `${each.case}, batch ${each.batch}, ${threads} threads`
        const opened = await openAll(running, each, exporter, (engine, why) =>
          note(`${label}: ${engine}: ${why}`),
        )
        const ours = opened.get(suite.ours)
        if (!ours) continue
        if (each.compare ?? true) checkAgainst(ours, opened, (engine, error) => wrong(label, engine, error))
        const results = await interleave(
          [...opened.values()].map(({ runner }) => runner),
          options,
        )
        for (const { runner } of opened.values()) await runner.worker.ask('close')
        const own = results.get(suite.ours)
        const work = { macs: each.macs ?? ours.macs, bytes: each.bytes }
        const base = {
          suite: name,
          case: each.case,
          batch: each.batch,
          threads,
          oursMs: own.min,
          oursMedianMs: own.median,
          ...shareOfLimits(work, own.min, limits, suite.peak),
        }
        const others = [...opened.keys()].filter((engine) => engine !== suite.ours)
        if (others.length === 0) yield { ...base, peer: null, peerMs: null, ratio: null }
        for (const peer of others) {
          const other = results.get(peer)
          yield {
            ...base,
            peer,
            peerMs: other.min,
            peerMedianMs: other.median,
            peerVariant: other.variant || undefined,
            ratio: other.min / own.min,
            medianRatio: other.median / own.median,
          }
        }
      }
    } finally {
      for (const { worker } of running.values()) await worker.stop()
    }
  }
}

/** Has every engine prepare the workload and run it once. An engine that can't is left out of this case. */
async function openAll(running, { spec }, exporter, fail) {
  const opened = new Map()
  for (const [engine, runner] of running) {
    try {
      const model = engines[engine].readsModel ? await exporter.ask('onnx', { spec }) : undefined
      opened.set(engine, { runner, ...(await runner.worker.ask('open', { spec, model })) })
    } catch (error) {
      fail(engine, error.message)
    }
  }
  return opened
}

function checkAgainst(ours, opened, fail) {
  for (const [engine, { sample }] of opened) {
    const error = disagreement(sample, ours.sample)
    if (error <= tolerance) continue
    fail(engine, error)
    opened.delete(engine)
  }
}

export function startExporter() {
  return startWorker(process.execPath, [new URL('./workers/exporter.mjs', import.meta.url).pathname], {})
}
