// `npm run bench`: Ocelli and its peers in turns in one run, with the machine's own limits.
import { writeFileSync } from 'node:fs'
import { parseArguments, UsageError, usage } from './arguments.mjs'
import { engines } from './engines.mjs'
import { measureLimits } from './limits.mjs'
import { formatSummary, header, line, summarizeRows } from './report.mjs'
import { inference } from './suites/inference.mjs'
import { kernels } from './suites/kernels.mjs'
import { training } from './suites/training.mjs'
import { wasm } from './suites/wasm.mjs'
import { runTimed, startExporter } from './timed.mjs'

const suites = { kernels, inference, training, wasm }

function readArguments() {
  try {
    return parseArguments(process.argv.slice(2), Object.keys(engines))
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
const told = new Set()
const tell = (text) => {
  if (!told.has(text)) console.log(text)
  told.add(text)
}
let wrongResults = 0
const context = {
  options,
  machine,
  exporter: startExporter(),
  skip: (suite, engine, why) => tell(`${suite}: ${engine} is skipped: ${why}`),
  note: tell,
  wrong: (label, engine, error) => {
    wrongResults++
    tell(`WRONG ${label}: ${engine} and Ocelli differ by ${error.toExponential(1)}; not timed`)
  },
}
for (const name of options.suites) {
  const suite = suites[name]
  console.log(`\n${name}\n${header()}`)
  for await (const row of (suite.run ?? runTimed)(suite, name, context)) {
    rows.push(row)
    console.log(line(row))
  }
}
await context.exporter.stop()
const summary = summarizeRows(rows)
console.log(`\n${formatSummary(summary).join('\n')}`)
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, rows, summary }, null, 2)}\n`)
// Wrong results fail a run; times never do.
if (wrongResults > 0) process.exitCode = 1
