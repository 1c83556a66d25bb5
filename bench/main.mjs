// `npm run bench`: Ocelli and its peers in turns in one run, with the machine's own limits.
import { writeFileSync } from 'node:fs'
import { parseArguments, UsageError, usage } from './arguments.mjs'
import { startWorker } from './client.mjs'
import { missing, peerNames } from './engines.mjs'
import { measureLimits } from './limits.mjs'
import { formatSummary, header, line, summarizeRows } from './report.mjs'
import { classical } from './suites/classical.mjs'
import { inference } from './suites/inference.mjs'
import { kernels } from './suites/kernels.mjs'
import { memory } from './suites/memory.mjs'
import { startup } from './suites/startup.mjs'
import { training } from './suites/training.mjs'
import { wasm } from './suites/wasm.mjs'
import { runTimed } from './timed.mjs'

const suites = { kernels, inference, training, wasm, startup, memory, classical }

function readArguments() {
  try {
    return parseArguments(process.argv.slice(2), peerNames)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n${usage}`)
    return process.exit(2)
  }
}

const options = readArguments()
if (options.help) {
  console.log(usage)
  process.exit(0)
}

const machine = measureLimits(options.threads)
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
for (const { threads, gflops, gflops128, bandwidth } of machine.limits) {
  const levels = bandwidth.map(({ bytes, gigabytes }) => `${gigabytes} at ${bytes / 2 ** 20} MiB`)
  console.log(`${threads} threads: ${gflops} GFLOP/s (128-bit ${gflops128}), triad GB/s ${levels.join(', ')}`)
}
if (machine.limits.length === 0) console.log('no C++ compiler here: no limits of the machine')
console.log(
  `${options.turns} turns; times are minima in ms, ratio is theirs / ours: above 1 Ocelli is faster`,
)

const rows = []
/** Kept up to date, so that an interrupted run leaves what it has. */
function save() {
  if (options.json === undefined) return
  writeFileSync(options.json, `${JSON.stringify({ machine, rows, summary: summarizeRows(rows) }, null, 2)}\n`)
}

const told = new Set()
const tell = (text) => {
  if (!told.has(text)) console.log(text)
  told.add(text)
}
let wrongResults = 0
const context = {
  options,
  machine,
  exporter: startWorker(process.execPath, [new URL('./workers/exporter.mjs', import.meta.url).pathname], {}),
  skip: (suite, engine, why) => tell(`${suite}: ${engine} is skipped: ${why}`),
  note: tell,
  wrong: (label, engine, how) => {
    wrongResults++
    tell(`WRONG ${label}: ${engine} and Ocelli ${how}; not timed`)
  },
}

/** The peers of a suite that were asked for and are here. */
function peersOf(name, { peers, optionalPeers }) {
  const { peers: asked } = options
  const chosen =
    asked.length > 0 ? [...peers, ...optionalPeers].filter((peer) => asked.includes(peer)) : peers
  return chosen.filter((peer) => {
    const why = missing(peer)
    if (why !== null) context.skip(name, peer, why)
    return why === null
  })
}

for (const name of options.suites) {
  const suite = suites[name]
  console.log(`\n${name}\n${header()}`)
  context.peers = peersOf(name, suite)
  for await (const row of (suite.run ?? runTimed)(suite, name, context)) {
    rows.push(row)
    save()
    console.log(line(row))
  }
}
await context.exporter.stop()
save()
console.log(`\n${formatSummary(summarizeRows(rows)).join('\n')}`)
// Wrong results fail a run; times never do.
if (wrongResults > 0) process.exitCode = 1
