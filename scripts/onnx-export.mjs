// Exports networks of the registry to ONNX and compares what ONNX Runtime computes with Ocelli, for two batch sizes:
//   node scripts/onnx-export.mjs [--only REGEX] [--opset N] [--batch-norm fused|plain] [--training] [--json FILE]
// Needs `npm run build` and `npm install --prefix bench`. Each network is run in a process of its own, the lightest first.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const root = resolve(import.meta.dirname, '..')
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    opset: { type: 'string', default: '17' },
    'batch-norm': { type: 'string', default: 'fused' },
    training: { type: 'boolean', default: false },
    json: { type: 'string' },
    'compare-one': { type: 'string' },
  },
})

/** Differences up to this share of the largest output are those of rounding. */
const bound = 1e-5
/** Seconds after which a network counts as failed. */
const patience = 600

if (options['compare-one'] !== undefined) await compareOne(options['compare-one'])
else await compareAll()

async function compareAll() {
  const { listModels, modelMetadata } = await import('../dist/models/index.js')
  const wanted = listModels()
    .filter((name) => options.only === undefined || new RegExp(options.only).test(name))
    .toSorted((a, b) => modelMetadata(a).parameters - modelMetadata(b).parameters)
  const known =
    options.json !== undefined && existsSync(options.json) ? JSON.parse(readFileSync(options.json)) : {}
  const results = new Map(Object.entries(known))
  for (const name of wanted) {
    if (results.get(name)?.difference <= bound) continue
    const result = await inChild(name)
    results.set(name, result)
    const text =
      result.error ??
      `${result.difference.toExponential(1)} of ${result.outputs} outputs, ${result.nodes} nodes`
    console.log(`${name}: ${text}`)
    if (options.json !== undefined)
      writeFileSync(options.json, JSON.stringify(Object.fromEntries(results), null, 1))
  }
  report(wanted.map((name) => [name, results.get(name)]))
}

function report(results) {
  const failed = results.filter(([, { error }]) => error !== undefined)
  const compared = results.filter(([, { error }]) => error === undefined)
  const worst = compared.toSorted(([, a], [, b]) => b.difference - a.difference)
  const beyond = worst.filter(([, { difference }]) => !(difference <= bound))
  console.log(`\n${compared.length} of ${results.length} networks run; the largest differences:`)
  for (const [name, { difference, reference }] of worst.slice(0, Math.max(10, beyond.length))) {
    const own =
      reference === undefined
        ? ''
        : `; Ocelli itself is ${reference.toExponential(1)} off its float64 reference`
    console.log(`  ${name}: ${difference.toExponential(1)}${own}`)
  }
  for (const [name, { error }] of failed) console.log(`  ${name} failed: ${error}`)
  const unexplained = beyond.filter(([, { difference, reference }]) => !(difference <= 4 * reference))
  if (failed.length + unexplained.length > 0) process.exitCode = 1
}

function inChild(name) {
  const flags = ['--opset', options.opset, '--batch-norm', options['batch-norm']]
  if (options.training) flags.push('--training')
  return new Promise((settle) => {
    const script = [import.meta.filename, '--compare-one', name, ...flags]
    const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), patience * 1000)
    let [out, err] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const line = out.trim().split('\n').at(-1)
      if (code === 0 && line !== '') settle(JSON.parse(line))
      else
        settle({
          error:
            signal ??
            (err
              .trim()
              .split('\n')
              .find((text) => /Error/.test(text)) ||
              err.trim() ||
              `code ${code}`),
        })
    })
  })
}

async function compareOne(name) {
  const { createModel, modelMetadata } = await import('../dist/models/index.js')
  const { exportOnnx, onnxChunks } = await import('../dist/onnx/index.js')
  const { Generator, manualSeed, noGrad, realize, silenceBackendChoice, tensor } = await import(
    '../dist/index.js'
  )
  const ort = createRequire(join(root, 'bench', 'package.json'))('onnxruntime-node')
  silenceBackendChoice?.()
  manualSeed(0)
  const network = await createModel(name)
  shakeStatistics(network, new Generator(1))
  network.train(options.training)
  const shape = smallInput(modelMetadata(name), options.training)
  const { training } = options
  const model = await exportOnnx(network, {
    inputShape: [1, ...shape],
    opset: Number(options.opset),
    batchNorm: options['batch-norm'],
    training,
  })
  const { model: file } = await onnxChunks(model)
  const bytes = new Uint8Array(file.size)
  let position = 0
  for (const chunk of file.chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    // Blocked layouts and Winograd's transforms round more than the sums they replace.
    graphOptimizationLevel: 'extended',
    logSeverityLevel: 3,
  })
  const noise = new Generator(2)
  let [difference, reference, outputs] = [0, undefined, 0]
  for (const batch of training ? [2, 3] : [1, 3]) {
    const values = new Float32Array(batch * shape.reduce((a, b) => a * b, 1))
    noise.fillNormal(values)
    const run = () => noGrad(() => network.forwardAll(tensor(values, [batch, ...shape])))
    const own = run()
    const buffers = training ? network.namedBuffers().map(([key, buffer]) => [key, buffer]) : []
    await realize(...own)
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, [batch, ...shape]) }
    const theirs = await session.run(feeds)
    outputs = own.length
    for (const [i, output] of own.entries()) {
      difference = Math.max(difference, distance(await output.data(), theirs[session.outputNames[i]]))
    }
    if (batch === (training ? 2 : 1)) {
      for (const [key, buffer] of buffers) {
        const updated = theirs[`${key}.updated`]
        if (updated !== undefined) difference = Math.max(difference, distance(await buffer.data(), updated))
      }
    }
  }
  process.stdout.write(
    `${JSON.stringify({ difference, reference, outputs, nodes: model.graph.nodes.length, bytes: file.size })}\n`,
  )
}

/** The largest difference over the largest value. */
function distance(own, { data }) {
  if (own.length !== data.length)
    throw new Error(`${own.length} values in Ocelli, ${data.length} in ONNX Runtime`)
  let [most, scale] = [0, 0]
  for (let i = 0; i < own.length; i++) {
    const apart = Math.abs(own[i] - Number(data[i]))
    if (Number.isNaN(own[i]) && Number.isNaN(data[i])) continue
    if (!(apart <= most)) most = apart
    scale = Math.max(scale, Math.abs(own[i]))
  }
  return most === 0 ? 0 : most / scale
}

/** As of a network that has seen data: fresh running statistics would leave a mistake in them unseen. */
function shakeStatistics(network, generator) {
  for (const [name, buffer] of network.namedBuffers()) {
    const values = new Float32Array(buffer.size)
    if (/running_mean$/.test(name)) generator.fillUniform(values, -0.1, 0.1)
    else if (/running_var$/.test(name)) generator.fillUniform(values, 0.8, 1.25)
    else continue
    buffer.load(values)
  }
}

/** Channels, height and width of a small image that a network takes. */
function smallInput({ preprocessing, minInputSize = 32 }, training) {
  const pair = (size) => (typeof size === 'number' ? [size, size] : size)
  const [usual, least] = [pair(preprocessing.inputSize), pair(minInputSize)]
  const side = (axis) => Math.max(least[axis], Math.min(training ? 128 : 64, usual[axis]))
  return [preprocessing.channels ?? 3, side(0), side(1)]
}
