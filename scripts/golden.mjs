// Checks networks against a file of reference results: `npm run golden -- FILE.json [--only PATTERN]`.
// Exit codes: 0 where every case of a known network passed, and there was one; 1 where one failed, or nothing was checked;
// 2 for wrong usage or a file that cannot be read.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/**
 * FNV-1a of the name, then murmur3's finaliser for each element: a value u in [0, 1), of which (scale u + shift) factor is
 * stored.
 */
function fillBy(values, salt, name, { scale = 1, shift = 0, factor = 1 }) {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(`${salt}:${name}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  for (let i = 0; i < values.length; i++) {
    let x = (hash + Math.imul(i, 0x9e3779b9)) | 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    values[i] = (scale * (((x ^ (x >>> 16)) >>> 0) / 0x100000000) + shift) * factor
  }
  return values
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1)

/** The value in [0, 1) of each element of the tensor called `name`. */
export function uniformOf(salt, name, count) {
  return fillBy(new Float64Array(count), salt, name, {})
}

/** The values in [-1, 1) of the input or cotangent called `name`. */
export function signedOf(salt, name, shape) {
  return fillBy(new Float32Array(sizeOf(shape)), salt, name, { scale: 2, shift: -1 })
}

/** The deterministic contents of a state-dict tensor, by the last part of its name and its shape. */
export function weightsOf(salt, name, shape) {
  const last = name.slice(name.lastIndexOf('.') + 1)
  return fillBy(new Float32Array(sizeOf(shape)), salt, name, weightFormula(last, shape))
}

function weightFormula(last, shape) {
  if (last === 'running_mean') return { scale: 2, shift: -1, factor: 0.1 }
  if (last === 'running_var') return { scale: 0.5, shift: 0.75 }
  if (shape.length >= 2) {
    return { scale: 2, shift: -1, factor: Math.sqrt(6 / sizeOf(shape.slice(1))) }
  }
  if (last === 'weight') return { scale: 0.5, shift: 0.5 }
  return { scale: 2, shift: -1, factor: 0.1 }
}

const camelCase = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())

function camelOptions(options) {
  return Object.fromEntries(Object.entries(options ?? {}).map(([key, value]) => [camelCase(key), value]))
}

class Mismatches {
  worst = {}
  failures = []

  /** `error` is relative; larger than the tolerance fails. */
  compare(kind, what, error, tolerance) {
    this.worst[kind] = Math.max(this.worst[kind] ?? 0, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)
    if (!(error <= tolerance))
      this.failures.push(`${what}: error ${error.toExponential(2)} above ${tolerance}`)
  }

  equal(what, got, wanted) {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      this.failures.push(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`)
    }
  }

  /** The first entries in which two lists differ. */
  equalLists(what, got, wanted) {
    if (got.length !== wanted.length)
      this.failures.push(`${what}: got ${got.length} entries, wanted ${wanted.length}`)
    const length = Math.max(got.length, wanted.length)
    for (let i = 0, shown = 0; i < length && shown < 3; i++) {
      const before = this.failures.length
      this.equal(`${what}, entry ${i}`, got[i] ?? null, wanted[i] ?? null)
      shown += this.failures.length - before
    }
  }
}

function largest(values) {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]))
  return most
}

function l2(values) {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i]
  return Math.sqrt(squares)
}

function compareOutput(mismatches, kind, label, data, shape, wanted, tolerance) {
  mismatches.equal(`${label} shape`, [...shape], wanted.shape)
  const scale = Math.max(largest(data), 1e-30)
  wanted.sample.forEach((value, i) => {
    mismatches.compare(
      kind,
      `${label}[${i * wanted.stride}]`,
      Math.abs(data[i * wanted.stride] - value) / scale,
      tolerance,
    )
  })
  mismatches.compare(
    kind,
    `${label} l2`,
    Math.abs(l2(data) - wanted.l2) / Math.max(wanted.l2, 1e-30),
    tolerance,
  )
}

function compareSummary(mismatches, kind, label, data, wanted, tolerance, slack) {
  mismatches.compare(
    kind,
    `${label} l2`,
    Math.abs(l2(data) - wanted.l2) / Math.max(wanted.l2, 1e-30),
    tolerance,
  )
  const scale = Math.max(slack * largest(data), 1e-30)
  wanted.first.forEach((value, i) => {
    mismatches.compare(kind, `${label}[${i}]`, Math.abs(data[i] - value) / scale, tolerance)
  })
}

function fill(model, salt, stateDict, constants) {
  const fixed = new Set(Array.isArray(constants) ? constants : Object.keys(constants ?? {}))
  const own = model.stateDict()
  for (const [name, shape] of stateDict) {
    const tensor = own.get(name)
    if (!tensor || fixed.has(name)) continue
    tensor.load(tensor.dtype === 'float32' ? weightsOf(salt, name, shape) : new Int32Array(tensor.size))
  }
}

async function checkBackward(ocelli, model, golden, salt, part, mismatches) {
  const { tensor, realize } = ocelli
  const wanted = golden[part]
  const training = part === 'backward_train'
  model.train(training)
  for (const module of model.modules()) if (typeof module.p === 'number') module.p = 0
  model.zeroGrad()
  const shape = [2, ...golden.input.slice(1)]
  const outputs = model.forwardAll(tensor(signedOf(salt, 'input', shape), shape))
  let loss
  for (const [j, output] of outputs.entries()) {
    const cotangent = tensor(signedOf(salt, `cotangent${j}`, output.shape), output.shape)
    const term = output.mul(cotangent).sum()
    loss = loss ? loss.add(term) : term
  }
  loss.backward()
  const parameters = new Map(model.namedParameters())
  const names = Object.keys(wanted.grads)
  await realize(...outputs, loss, ...names.flatMap((name) => parameters.get(name)?.grad ?? []))
  const tolerance = training ? 1e-3 : 1e-4
  for (const [j, output] of outputs.entries()) {
    compareOutput(
      mismatches,
      `${part} output`,
      `${part} output ${j}`,
      await output.data(),
      output.shape,
      wanted.outputs[j],
      tolerance,
    )
  }
  for (const name of names) {
    const grad = parameters.get(name)?.grad
    if (!grad) mismatches.failures.push(`${part}: ${name} got no gradient`)
    else
      compareSummary(
        mismatches,
        `${part} gradient`,
        `${part} gradient of ${name}`,
        await grad.data(),
        wanted.grads[name],
        2e-3,
        4,
      )
  }
  const buffers = new Map(model.namedBuffers())
  for (const [name, value] of Object.entries(wanted.running ?? {})) {
    compareSummary(mismatches, 'running statistics', name, await buffers.get(name).data(), value, 1e-4, 1)
  }
}

/** Checks one case; gives the largest error of each kind and the list of failures. */
export async function checkCase(ocelli, golden, salt) {
  const { createModel, tensor, noGrad, summary } = ocelli
  const mismatches = new Mismatches()
  const model = await createModel(golden.name, camelOptions(golden.options))
  mismatches.equalLists(
    'state dict',
    [...model.stateDict()].map(([name, t]) => [name, [...t.shape]]),
    golden.stateDict,
  )
  mismatches.equal(
    'parameters',
    [...model.parameters()].reduce((n, p) => n + p.size, 0),
    golden.params,
  )
  if (mismatches.failures.length > 0) return mismatches
  fill(model, salt, golden.stateDict, golden.constants)
  model.eval()
  const { macs } = summary(model, golden.input)
  if (Math.abs(macs - golden.macs) > 1e-3 * golden.macs) mismatches.equal('macs', macs, golden.macs)
  const outputs = noGrad(() => model.forwardAll(tensor(signedOf(salt, 'input', golden.input), golden.input)))
  mismatches.equal('number of outputs', outputs.length, golden.eval.length)
  for (const [j, output] of outputs.entries()) {
    const data = await output.data()
    compareOutput(mismatches, 'output', `output ${j}`, data, output.shape, golden.eval[j], 1e-4)
    // Values that differ in float64 may be equal in float32: the largest must be among them.
    const most = data.reduce((a, b) => Math.max(a, b))
    const { argmax } = golden.eval[j]
    if (data[argmax] !== most) mismatches.equal(`output ${j} argmax`, data.indexOf(most), argmax)
  }
  // Training comes last: it changes the running statistics.
  for (const part of ['backward_eval', 'backward_train']) {
    if (golden[part]) await checkBackward(ocelli, model, golden, salt, part, mismatches)
  }
  return mismatches
}

/** Reads a file of cases; throws an error of one line where it is none. */
export function readGolden(path) {
  let content
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why =
      error.code === 'ENOENT'
        ? 'no such file'
        : error instanceof SyntaxError
          ? `is not JSON (${error.message})`
          : `cannot be read (${error.message})`
    throw new Error(`${path}: ${why.replaceAll(/\s+/g, ' ')}`)
  }
  const problem = problemOf(content)
  if (problem !== undefined) throw new Error(`${path}: is no file of reference results: ${problem}`)
  return content
}

function problemOf(content) {
  if (typeof content?.salt !== 'string') return 'it has no salt'
  if (!Array.isArray(content.cases)) return 'it has no list of cases'
  const kinds = {
    case: (value) => typeof value === 'string',
    name: (value) => typeof value === 'string',
    input: Array.isArray,
    params: Number.isInteger,
    macs: Number.isInteger,
    stateDict: Array.isArray,
    eval: Array.isArray,
  }
  for (const [i, golden] of content.cases.entries()) {
    for (const [key, fits] of Object.entries(kinds)) {
      if (!fits(golden?.[key])) return `case ${i} (${golden?.case ?? 'without a name'}) has no valid ${key}`
    }
  }
  return undefined
}

/** Whatever a case makes a network throw fails that case alone. */
async function outcomeOf(ocelli, golden, salt) {
  try {
    return await checkCase(ocelli, golden, salt)
  } catch (error) {
    return { worst: {}, failures: [`could not be computed: ${error.message.split('\n')[0]}`] }
  }
}

const usage = 'usage: npm run golden -- FILE.json... [--only PATTERN]'

function readArguments() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
  if (positionals.length === 0) throw new Error(usage)
  try {
    return { only: values.only, pattern: new RegExp(values.only ?? ''), paths: positionals }
  } catch (error) {
    throw new Error(`--only takes a regular expression: ${error.message}`)
  }
}

/** Checks the cases of all files; gives the exit code. */
async function main() {
  const { only, pattern, paths } = readArguments()
  const files = paths.map(readGolden)
  const ocelli = await import('../dist/index.js')
  const counts = { passed: 0, failed: 0, unknown: 0 }
  for (const { salt, cases } of files) {
    for (const golden of cases.filter((c) => pattern.test(c.case))) {
      if (!ocelli.hasModel(golden.name)) {
        counts.unknown++
        console.log(`unknown  ${golden.case}`)
        continue
      }
      const { worst, failures } = await outcomeOf(ocelli, golden, salt)
      const errors = Object.entries(worst).map(([kind, error]) => `${kind} ${error.toExponential(1)}`)
      const figures = errors.length > 0 ? errors.join(', ') : 'nothing could be compared'
      console.log(`${failures.length > 0 ? 'FAILED ' : 'passed '}  ${golden.case}  ${figures}`)
      for (const failure of failures.slice(0, 8)) console.log(`         ${failure.slice(0, 300)}`)
      if (failures.length > 8) console.log(`         and ${failures.length - 8} more`)
      counts[failures.length > 0 ? 'failed' : 'passed']++
    }
  }
  const { passed, failed, unknown } = counts
  if (passed + failed + unknown === 0) {
    const total = files.reduce((sum, { cases }) => sum + cases.length, 0)
    console.error(
      `nothing was checked: ${only === undefined ? 'no cases' : `'${only}' matches none of ${total} cases`}`,
    )
    return 1
  }
  console.log(`${passed} passed, ${failed} failed, ${unknown} not in the registry`)
  if (passed + failed === 0) {
    console.error('nothing was checked: none of these networks is in the registry')
    return 1
  }
  return failed > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await main().catch((error) => {
    console.error(error.message.split('\n')[0])
    return 2
  })
}
