// Runs conformance suites of ONNX: `npm run onnx-conformance -- FOLDER... [--only PATTERN] [--json] [--quiet]`. A case is a folder
// with model.onnx and test_data_set_*/{input,output}_*.pb, or a file NAME.onnx beside NAME_output_*.pb; folders are searched.
// Exit codes: 0 where every case whose operators are supported passed, and there was one; 1 where one failed, or nothing was
// checked; 2 for wrong usage.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  createGraphNetwork,
  DataDependentError,
  HostValue,
  readOnnx,
  readTensorFile,
  UnsupportedError,
  unsupportedOperators,
} from '../dist/onnx/index.js'
import { silenceBackendChoice } from '../dist/tensor/index.js'
import { openFile } from '../dist/weights/file.js'
import { bytesAccess } from '../dist/weights/index.js'

/** As ONNX's own runner compares. */
const tolerance = { relative: 1e-3, absolute: 1e-7 }

/** Cases that Ocelli cannot pass although it has their operators. */
const exceptions = [
  [/^test_training_dropout_(default_)?mask$/, 'the random numbers of numpy'],
  [
    /^test_operator_add(_broadcast|_size1_right_broadcast|_size1_singleton_broadcast|constant)$/,
    'float64 beyond float32',
  ],
  [/^test_cast(like)?_FLOAT_to_BFLOAT16(_expanded)?$/, 'values stay float32 where bfloat16 is asked for'],
]

/** Every case below a path, by name. */
function casesBelow(path) {
  if (statSync(path).isFile()) return path.endsWith('.onnx') ? [caseOf(path)] : []
  if (existsSync(join(path, 'model.onnx'))) return [caseOf(join(path, 'model.onnx'))]
  return readdirSync(path)
    .sort()
    .flatMap((name) => casesBelow(join(path, name)))
}

function caseOf(model) {
  const folder = dirname(model)
  if (basename(model) !== 'model.onnx') {
    const stem = basename(model).slice(0, -'.onnx'.length)
    const outputs = filesOf(folder, `${stem}_output`)
    return { name: stem, model, sets: outputs.length > 0 ? [{ inputs: null, outputs }] : [] }
  }
  const sets = readdirSync(folder)
    .filter((name) => name.startsWith('test_data_set_'))
    .map((name) => ({
      inputs: filesOf(join(folder, name), 'input'),
      outputs: filesOf(join(folder, name), 'output'),
    }))
  return { name: basename(folder), model, sets }
}

/** PREFIX_0.pb, PREFIX_1.pb, … of a folder. */
function filesOf(folder, prefix) {
  const files = []
  for (let i = 0; existsSync(join(folder, `${prefix}_${i}.pb`)); i++)
    files.push(join(folder, `${prefix}_${i}.pb`))
  return files
}

async function readValue(path) {
  return HostValue.from(await (await readTensorFile(bytesAccess(readFileSync(path), path))).read())
}

/** What the runner of ONNX gives to models without inputs of their own: a ramp from 0 to 1. */
function ramp({ name, shape }) {
  if (shape?.every(Number.isInteger) !== true) throw new Error(`input ${name} has no fixed shape`)
  const size = shape.reduce((a, b) => a * b, 1)
  return new HostValue(
    shape,
    'FLOAT',
    Float64Array.from({ length: size }, (_, i) => Math.fround(i / size)),
  )
}

/** Which inputs are given as constants: first none, then those that are not floats, then all small ones. */
const constantInputs = [
  (value) => !fitsTensor(value),
  (value) => !fitsTensor(value) || !/FLOAT|DOUBLE/.test(value.type),
  (value) => !fitsTensor(value) || value.values.length <= 1024,
]

function fitsTensor({ type, values }) {
  return !/INT(32|64)/.test(type) || values.every((value) => Math.abs(value) < 2 ** 31)
}

async function outputsOf(network, values) {
  for (const [attempt, isConstant] of constantInputs.entries()) {
    try {
      const inputs = values.map((value) => (isConstant(value) ? value : value.toTensor()))
      const outputs = network.forwardValues(...inputs)
      return await Promise.all(
        outputs.map(async (y) => ({ shape: y.shape, values: y.values ?? (await y.data()) })),
      )
    } catch (error) {
      if (!(error instanceof DataDependentError) || attempt === constantInputs.length - 1) throw error
    }
  }
}

/** What is wrong with an output; undefined if nothing. */
function difference(got, wanted) {
  if (String(got.shape) !== String(wanted.shape)) return `shape [${got.shape}], expected [${wanted.shape}]`
  const wrong = [...wanted.values.keys()].filter((i) => !close(Number(got.values[i]), wanted.values[i]))
  if (wrong.length === 0) return undefined
  const [first] = wrong
  return `${wrong.length} of ${wanted.values.length} differ, [${first}] is ${got.values[first]}, expected ${wanted.values[first]}`
}

function close(got, wanted) {
  if (Number.isNaN(wanted)) return Number.isNaN(got)
  return (
    got === wanted || Math.abs(got - wanted) <= tolerance.absolute + tolerance.relative * Math.abs(wanted)
  )
}

/** The values at the border of a network that no tensor of Ocelli can hold: lists, text, numbers of 2 and 4 bits. */
function strangeValues({ graph }) {
  return [...graph.inputs, ...graph.outputs]
    .filter(({ type }) => type === null || type === 'STRING')
    .map(({ name }) => name)
}

async function run({ name, model: path, sets }) {
  const exception = exceptions.find(([pattern]) => pattern.test(name))
  if (exception) return { name, result: 'excluded', why: exception[1] }
  const file = await openFile(path)
  try {
    const model = await readOnnx(file)
    const missing = unsupportedOperators(model)
    if (missing.size > 0) return { name, result: 'unsupported', operators: [...missing.keys()] }
    const strange = strangeValues(model)
    if (strange.length > 0) return { name, result: 'unsupported', why: `the type of ${strange.join(', ')}` }
    if (sets.length === 0) return { name, result: 'fail', why: 'there is no test data' }
    const network = (await createGraphNetwork(model)).eval()
    for (const { inputs, outputs } of sets) {
      const values = inputs === null ? network.inputs.map(ramp) : await Promise.all(inputs.map(readValue))
      const got = await outputsOf(network, values)
      if (got.length !== outputs.length)
        return { name, result: 'fail', why: `${got.length} outputs, expected ${outputs.length}` }
      for (const [i, output] of outputs.entries()) {
        const why = difference(got[i], await readValue(output))
        if (why !== undefined) return { name, result: 'fail', why: `output ${i}: ${why}` }
      }
    }
    return { name, result: 'pass' }
  } catch (error) {
    if (error instanceof UnsupportedError)
      return { name, result: 'unsupported', why: error.message.split('\n')[0] }
    return { name, result: 'fail', why: process.env.ONNX_STACK ? error.stack : error.message.split('\n')[0] }
  } finally {
    await file.close()
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, json: { type: 'boolean' }, quiet: { type: 'boolean' } },
  })
  if (positionals.length === 0) throw new Error('name a folder of cases')
  silenceBackendChoice()
  const pattern = new RegExp(values.only ?? '')
  const cases = positionals
    .flatMap((path) => casesBelow(resolve(path)))
    .filter(({ name }) => pattern.test(name))
  const results = []
  for (const each of cases) {
    const result = await run(each)
    results.push(result)
    if (values.json || (values.quiet && result.result !== 'fail')) continue
    console.log(
      `${result.result.padEnd(11)} ${result.name}  ${result.operators?.join(', ') ?? result.why ?? ''}`.trimEnd(),
    )
  }
  const count = (wanted) => results.filter(({ result }) => result === wanted).length
  const totals = {
    pass: count('pass'),
    fail: count('fail'),
    unsupported: count('unsupported'),
    excluded: count('excluded'),
  }
  if (values.json) console.log(JSON.stringify({ totals, results }))
  else
    console.log(
      `\n${totals.pass} pass, ${totals.fail} fail, ${totals.unsupported} not supported, ${totals.excluded} excluded, of ${results.length}`,
    )
  process.exitCode = totals.fail > 0 || totals.pass === 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  console.error(`onnx-conformance: ${error.message}`)
  process.exitCode = 2
}
