// A fresh process to its first prediction, the first call of a large network, and what a run costs besides computing.
import { startWorker } from '../client.mjs'
import { predictInFresh } from '../fresh.mjs'
import { quiet } from '../interleave.mjs'
import { median } from '../statistics.mjs'

const peer = 'onnxruntime-node'
const cases = [
  { case: 'start to prediction, mobilenet_v2', network: 'mobilenet_v2', figure: 'startMs' },
  { case: 'first call, resnet50', network: 'resnet50', figure: 'firstCallMs' },
]

const filesOf = async ({ exporter, peers }, network) => {
  const spec = { kind: 'network', network, batch: 1, size: 224 }
  const files = { ocelli: await exporter.ask('weights', { spec }) }
  if (peers.includes(peer)) files[peer] = await exporter.ask('onnx', { spec })
  return files
}

async function measureFirst(each, threads, context) {
  const files = await filesOf(context, each.network)
  const times = new Map(Object.keys(files).map((engine) => [engine, []]))
  for (let turn = 0; turn < context.options.turns; turn++) {
    for (const [engine, file] of Object.entries(files)) {
      await quiet(context.options.patience)
      const result = await predictInFresh(engine, threads, each.network, file)
      times.get(engine).push(result[each.figure])
    }
  }
  return times
}

/** Recording and running without `compile`, against running a finished program, in shares of the latter. */
async function* measureOverheads(threads, { options }) {
  const script = new URL('../workers/overhead.mjs', import.meta.url).pathname
  const worker = startWorker(process.execPath, [script], { OCELLI_THREADS: String(threads) })
  try {
    await quiet(options.patience)
    const figures = await worker.ask('measure', {
      network: 'mobilenet_v2',
      milliseconds: options.turns * options.milliseconds,
    })
    for (const [what, { ms, share }] of Object.entries(figures)) {
      yield {
        case: `${what}, mobilenet_v2`,
        oursMs: ms,
        shareOfRun: share,
        note: `${(100 * share).toFixed(1)} % of a compiled run`,
        peer: null,
        peerMs: null,
        ratio: null,
      }
    }
  } finally {
    await worker.stop()
  }
}

async function* run(_, name, context) {
  const { options } = context
  for (const threads of options.threads) {
    const base = { suite: name, batch: 1, threads }
    for (const each of cases.filter((one) => options.matches(one.case))) {
      const times = await measureFirst(each, threads, context)
      const figures = [...times].map(([engine, all]) => ({
        engine,
        min: Math.min(...all),
        median: median(all),
      }))
      const [own, other] = figures
      yield {
        ...base,
        case: each.case,
        oursMs: own.min,
        oursMedianMs: own.median,
        peer: other?.engine ?? null,
        peerMs: other?.min ?? null,
        peerMedianMs: other?.median,
        ratio: other ? other.min / own.min : null,
      }
    }
    if (!options.matches('overhead')) continue
    for await (const row of measureOverheads(threads, context)) yield { ...base, ...row }
  }
}

export const startup = { peers: [peer], optionalPeers: [], run }
