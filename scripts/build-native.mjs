// Builds the native addon, build/native/ocelli.node, with nothing but a C++ compiler: each kernel file once for each
// instruction set. Only what changed is compiled again. With --optional, as in npm install, a build that fails is no error,
// as the reference backend can run instead. With --emulated a second addon for tests is built beside it, whose vectors are as
// wide as AVX-512's on machines that have only AVX2.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, delimiter, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const kernels = join(root, 'kernels')
const headers = join(root, 'node_modules/node-api-headers/include')
const emulated = process.argv.includes('--emulated')
const optional = process.argv.includes('--optional')
const output = join(root, 'build/native')
const objects = join(output, 'objects')
const addon = join(output, emulated ? 'ocelli-emulated.node' : 'ocelli.node')

const instructionSets = {
  x64: {
    avx512: ['-mavx512f', '-mavx512dq', '-mavx512bw', '-mavx512vl', '-mavx2', '-mfma'],
    avx2: ['-mavx2', '-mfma'],
    scalar: [],
  },
  arm64: { neon: [], scalar: ['-DOCELLI_PORTABLE'] },
}

/** What is compiled once, for the baseline of the architecture. */
const common = ['decoder.cc', 'engine.cc', 'isa.cc', 'node-entry.cc', 'program.cc', 'threads.cc']

const flags = [
  '-std=c++17',
  '-O3',
  '-fPIC',
  '-pthread',
  '-fvisibility=hidden',
  '-fvisibility-inlines-hidden',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-ffp-contract=off',
  '-Wall',
  '-Wextra',
  '-Wno-unused-function',
  '-Wno-maybe-uninitialized',
  '-Wno-unknown-pragmas',
  `-I${headers}`,
]

function findCompiler() {
  const named = process.env.CXX
  if (named) return named
  for (const name of ['c++', 'g++', 'clang++']) {
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      if (directory !== '' && existsSync(join(directory, name))) return join(directory, name)
    }
  }
  return undefined
}

function explainMissingCompiler() {
  console.log(
    'ocelli: no C++ compiler on the PATH, so the native addon was not built: Ocelli will run on\n' +
      'WebAssembly, at a fraction of the speed. For full speed install a compiler (Debian, Ubuntu: apt install g++; Fedora: dnf install\n' +
      'gcc-c++; Alpine: apk add g++; macOS: xcode-select --install) and run: npm run build:native',
  )
}

function explainFailure() {
  const instead = existsSync(addon)
    ? 'go on with the addon built before'
    : 'run on its reference backend, which is slow'
  console.error(
    `ocelli: the native addon could not be built (see above), so Ocelli will ${instead}.\n` +
      'npm run build:native builds again and shows all that the compiler says.',
  )
}

/** Lines of a compiler's complaint that are shown where the build is optional. */
const briefly = 8

function complain(what, text) {
  const lines = text.trimEnd().split('\n')
  const shown = optional && lines.length > briefly ? [...lines.slice(0, briefly), '…'] : lines
  console.error(`ocelli: ${what}:\n${shown.join('\n')}`)
}

/** A step of the build: an object file from a source. */
function plan(compiler, version) {
  const sets = instructionSets[process.arch]
    ? { ...instructionSets[process.arch] }
    : { scalar: ['-DOCELLI_PORTABLE'] }
  if (emulated) {
    if (process.arch !== 'x64') throw new Error('--emulated is for x64 machines')
    for (const name of Object.keys(sets)) delete sets[name]
    sets.emulated16 = ['-mavx2', '-mfma', '-DOCELLI_EMULATE_16']
  }
  const kernelFiles = readdirSync(kernels).filter((file) => file.endsWith('.cc') && !common.includes(file))
  const steps = []
  const add = (file, set, extra) => {
    const command = [...flags, ...extra]
    const key = createHash('sha256')
      .update([compiler, version, ...command].join('\n'))
      .digest('hex')
      .slice(0, 8)
    const object = join(objects, `${basename(file, '.cc')}-${set}-${key}.o`)
    steps.push({ source: join(kernels, file), object, label: `${file} (${set})`, command })
  }
  for (const [set, extra] of Object.entries(sets)) {
    for (const file of kernelFiles)
      add(file, set, [`-DOCELLI_ISA=${set}`, '-fno-exceptions', '-fno-rtti', ...extra])
  }
  const list = Object.keys(sets)
    .map((set) => `X(${set})`)
    .join(' ')
  for (const file of common) add(file, 'common', file === 'isa.cc' ? [`-DOCELLI_SETS=${list}`] : [])
  return steps
}

/** Whether the object is newer than its source and every header it was made from. */
function upToDate(step) {
  const list = step.object.replace(/\.o$/, '.d')
  if (!existsSync(step.object) || !existsSync(list)) return false
  const made = statSync(step.object).mtimeMs
  const files = readFileSync(list, 'utf8')
    .replace(/\\\r?\n/g, ' ')
    .replace(/^.*?: /, '')
    .trim()
    .split(/(?<!\\)\s+/)
    .map((file) => file.replace(/\\ /g, ' '))
  return files.every((file) => existsSync(file) && statSync(file).mtimeMs <= made)
}

function compile(compiler, step) {
  return new Promise((resolved) => {
    const partial = `${step.object}.${process.pid}`
    const child = spawn(
      compiler,
      [...step.command, '-MMD', '-MF', step.object.replace(/\.o$/, '.d'), '-c', step.source, '-o', partial],
      { cwd: root },
    )
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
    })
    child.stderr.on('data', (data) => {
      text += data
    })
    child.on('error', (error) => resolved({ ok: false, text: String(error) }))
    child.on('close', (status) => {
      if (status === 0) renameSync(partial, step.object)
      resolved({ ok: status === 0, text })
    })
  })
}

async function compileAll(compiler, steps) {
  const waiting = steps.filter((step) => !upToDate(step))
  if (waiting.length > 0)
    console.log(`ocelli: building the native addon (${waiting.length} files) with ${compiler}`)
  let failed = false
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined && !failed; step = waiting.shift()) {
      const { ok, text } = await compile(compiler, step)
      // Of the failures, which are mostly the same, one is enough.
      if (text !== '' && !(optional && failed)) complain(step.label, text)
      if (!ok) failed = true
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
  return !failed
}

function link(compiler, steps) {
  const newest = Math.max(...steps.map((step) => statSync(step.object).mtimeMs))
  const list = steps.map((step) => step.object).join('\n')
  const listFile = `${addon}.objects`
  const same = existsSync(listFile) && readFileSync(listFile, 'utf8') === list
  if (same && existsSync(addon) && statSync(addon).mtimeMs >= newest) return true
  const platform =
    process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : ['-static-libstdc++', '-static-libgcc']
  const partial = `${addon}.${process.pid}`
  const { status, stdout, stderr } = spawnSync(
    compiler,
    ['-shared', '-pthread', ...steps.map((step) => step.object), ...platform, '-o', partial],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0) {
    complain(`linking ${relative(root, addon)}`, `${stdout ?? ''}${stderr ?? ''}`)
    return false
  }
  renameSync(partial, addon)
  writeFileSync(listFile, list)
  console.log(`ocelli: built ${relative(root, addon)}`)
  return true
}

async function main() {
  const compiler = findCompiler()
  const found = compiler && spawnSync(compiler, ['--version'], { encoding: 'utf8' })
  if (!found || found.error) {
    if (process.env.CXX) {
      console.error(`ocelli: the compiler that CXX names, ${process.env.CXX}, cannot be run`)
      return 1
    }
    explainMissingCompiler()
    return 0
  }
  if (process.platform === 'win32') {
    console.log('ocelli: the native addon is not built on Windows yet; Ocelli will run on WebAssembly.')
    return 0
  }
  if (!existsSync(join(headers, 'node_api.h'))) {
    console.error('ocelli: node-api-headers is missing; run npm install first')
    return 1
  }
  mkdirSync(objects, { recursive: true })
  const steps = plan(compiler, found.stdout)
  return (await compileAll(compiler, steps)) && link(compiler, steps) ? 0 : 1
}

const status = await main()
if (status !== 0 && optional) explainFailure()
else process.exitCode = status
