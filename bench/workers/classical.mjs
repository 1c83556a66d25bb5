// Ocelli's classical methods: learned and applied anew in each run, the data kept.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getBackend } from '../../dist/index.js'
import { signedOf } from '../../scripts/golden.mjs'
import { sampleOf, serve } from '../serve.mjs'

const classical = await import('../../dist/classical/index.js')
const { Matrix } = classical
const loaded = new Map()
let current

function readImages({ folder, width, scaled }, part, count) {
  const pixels = readFileSync(join(folder, `${part}.pixels`)).subarray(0, count * width)
  const values = Float64Array.from(pixels)
  if (scaled) for (let i = 0; i < values.length; i++) values[i] /= 255
  const labels = readFileSync(join(folder, `${part}.labels`)).subarray(0, count)
  return { x: new Matrix(count, width, values), y: Array.from(labels) }
}

/** A linear function of uniform numbers, and noise. */
function drawNumbers({ train: rows, columns }) {
  const values = Float64Array.from(signedOf('bench', 'features', [rows, columns]))
  const factors = signedOf('bench', 'factors', [columns])
  const y = Float64Array.from(signedOf('bench', 'noise', [rows]), (noise) => noise / 10)
  for (let i = 0; i < values.length; i++) y[Math.floor(i / columns)] += values[i] * factors[i % columns]
  return { x: new Matrix(rows, columns, values), y }
}

function load(data) {
  const key = JSON.stringify(data)
  if (!loaded.has(key)) {
    const drawn = data.kind === 'numbers' && drawNumbers(data)
    loaded.set(key, {
      train: drawn || readImages(data, 'train', data.train),
      test: drawn || readImages(data, 'test', data.test),
    })
  }
  return loaded.get(key)
}

async function run({ ours: [name, options], apply }, { train, test }) {
  const method = new classical[name](options)
  const start = performance.now()
  await method.fit(train.x, train.y)
  const middle = performance.now()
  const result = await method[apply](test.x)
  const end = performance.now()
  return { method, result, times: { fit: middle - start, [apply]: end - middle } }
}

function learnedOf(method, property) {
  const value = method[property]
  return typeof value === 'number' ? value : value.reduce((sum, each) => sum + each, 0)
}

async function open({ spec }) {
  const data = load(spec.data)
  current = { spec, data }
  const { method, result } = await run(spec, data)
  const learned = spec.learned && learnedOf(method, spec.learned.ours)
  if (spec.apply === 'transform') return { values: sampleOf(result.toMatrix().data), learned }
  if (method.kind === 'regressor') return { values: sampleOf(result), learned }
  const right = result.filter((label, i) => label === data.test.y[i]).length
  return { values: result, accuracy: right / result.length, learned }
}

async function time({ milliseconds }) {
  const times = { fit: [], [current.spec.apply]: [] }
  const end = performance.now() + milliseconds
  do {
    for (const [phase, taken] of Object.entries((await run(current.spec, current.data)).times))
      times[phase].push(taken)
  } while (performance.now() < end)
  return times
}

function close() {
  current = undefined
}

await serve({
  hello: async () => ({ ...(await getBackend()).info, methods: Object.keys(classical) }),
  open,
  time,
  close,
})
