// Builds the WebAssembly modules of src/backends/wasm, which are checked in, from kernels/ with clang and lld 19; and the
// small one of float64 loops, which is checked in as text in a source file of src/classical.
// With --check they are built elsewhere and compared byte for byte with those that are there.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const kernels = join(root, 'kernels')
const target = join(root, 'src/backends/wasm')
const compiler = process.env.OCELLI_CLANG ?? 'clang++-19'
const linker = process.env.OCELLI_WASM_LD ?? 'wasm-ld-19'
/** Other versions may give other bytes. */
const checkedInWith = '19.1.7'

const modules = {
  'ocelli-simd.wasm': { name: 'wasm', flags: [] },
  'ocelli-relaxed-simd.wasm': { name: 'wasm_relaxed', flags: ['-mrelaxed-simd'] },
}

/** Modules of one source without threads or memory of their own, small enough to be text in a source file. */
const embedded = {
  'src/classical/linear/logistic/row-sums-module.ts': {
    source: 'kernels/float64/row-sums.cc',
    constant: 'rowSumsModule',
  },
}

const embeddedLinkFlags = [
  '--no-entry',
  '--gc-sections',
  '--strip-all',
  '--import-memory',
  '--initial-memory=65536',
  '--stack-first',
  '-z',
  'stack-size=32768',
]

/** What only the addon has. */
const native = ['isa.cc', 'node-entry.cc', 'threads.cc']

const flags = [
  '--target=wasm32-unknown-unknown',
  '-std=c++17',
  '-O3',
  '-nostdlibinc',
  '-nostdinc++',
  '-isystem',
  'kernels/wasm/std',
  '-pthread',
  '-mbulk-memory',
  '-msimd128',
  '-mnontrapping-fptoint',
  '-msign-ext',
  '-fvisibility=hidden',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fno-threadsafe-statics',
  '-ffp-contract=off',
  '-Wall',
  '-Wextra',
  '-Wno-unused-function',
  '-Wno-unknown-pragmas',
]

const linkFlags = [
  '--no-entry',
  '--gc-sections',
  '--strip-all',
  '--import-memory',
  '--shared-memory',
  '--initial-memory=1048576',
  '--max-memory=4294967296',
  '--stack-first',
  '-z',
  'stack-size=262144',
  '--export=__stack_pointer',
]

function compile(source, object, extra) {
  return new Promise((done) => {
    const child = spawn(compiler, [...flags, ...extra, '-c', relative(root, source), '-o', object], {
      cwd: root,
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        text += data
      })
    }
    child.on('error', (error) => done({ ok: false, text: String(error) }))
    child.on('close', (status) => done({ ok: status === 0, text }))
  })
}

async function build(folder) {
  const sources = [
    ...readdirSync(kernels)
      .filter((file) => file.endsWith('.cc') && !native.includes(file))
      .map((file) => join(kernels, file)),
    ...readdirSync(join(kernels, 'wasm'))
      .filter((file) => file.endsWith('.cc'))
      .map((file) => join(kernels, 'wasm', file)),
  ].sort()
  const steps = []
  for (const [file, { name, flags: extra }] of Object.entries(modules)) {
    mkdirSync(join(folder, name), { recursive: true })
    for (const source of sources) {
      // wasm/threads.cc and threads.cc are different files.
      const object = join(folder, name, `${relative(kernels, source).replaceAll(/[\\/]/g, '-')}.o`)
      steps.push({ file, source, object, extra: [`-DOCELLI_ISA=${name}`, ...extra] })
    }
  }
  const waiting = [...steps]
  let failed = false
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined && !failed; step = waiting.shift()) {
      const { ok, text } = await compile(step.source, step.object, step.extra)
      if (text !== '') console.error(`${relative(root, step.source)} (${step.file}):\n${text}`)
      if (!ok) failed = true
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
  if (failed) return false
  for (const file of Object.keys(modules)) {
    const objects = steps.filter((step) => step.file === file).map((step) => step.object)
    const { status, stdout, stderr, error } = spawnSync(
      linker,
      [...linkFlags, ...objects, '-o', join(folder, file)],
      { encoding: 'utf8' },
    )
    if (status !== 0) {
      console.error(`linking ${file}:\n${error ?? ''}${stdout ?? ''}${stderr ?? ''}`)
      return false
    }
  }
  return true
}

/** The text of each source file that holds a module; undefined where one cannot be built. */
async function buildEmbedded(folder) {
  const texts = {}
  for (const [file, { source, constant }] of Object.entries(embedded)) {
    const object = join(folder, `${constant}.o`)
    const { ok, text } = await compile(join(root, source), object, [])
    if (text !== '') console.error(`${source}:\n${text}`)
    if (!ok) return undefined
    const built = join(folder, `${constant}.wasm`)
    const { status, stderr } = spawnSync(linker, [...embeddedLinkFlags, object, '-o', built], {
      encoding: 'utf8',
    })
    if (status !== 0) {
      console.error(`linking ${file}:\n${stderr}`)
      return undefined
    }
    texts[file] =
      `/** ${source} as WebAssembly in base64; npm run build:wasm writes this file. */\n` +
      `export const ${constant}: string =\n  '${readFileSync(built).toString('base64')}'\n`
  }
  return texts
}

function compare(folder, texts) {
  let same = true
  for (const [file, text] of Object.entries(texts)) {
    if (readFileSync(join(root, file), 'utf8') === text) continue
    same = false
    console.error(`ocelli: ${file} is not what the sources give; npm run build:wasm rebuilds it`)
  }
  for (const file of Object.keys(modules)) {
    const [built, there] = [readFileSync(join(folder, file)), readFileSync(join(target, file))]
    if (built.equals(there)) continue
    same = false
    console.error(
      `ocelli: ${relative(root, join(target, file))} is not what the sources give; npm run build:wasm rebuilds it`,
    )
  }
  if (same) console.log('ocelli: the WebAssembly modules are what the sources give')
  return same
}

async function main() {
  for (const tool of [compiler, linker]) {
    const { error, stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' })
    if (error) {
      console.error(`ocelli: ${tool} cannot be run (Debian: apt install clang-19 lld-19)`)
      return 1
    }
    if (!stdout.includes(checkedInWith))
      console.warn(`ocelli: ${tool} is not version ${checkedInWith}, which the modules were built with`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-wasm-'))
  try {
    if (!(await build(folder))) return 1
    const texts = await buildEmbedded(folder)
    if (texts === undefined) return 1
    if (process.argv.includes('--check')) return compare(folder, texts) ? 0 : 1
    for (const [file, text] of Object.entries(texts)) {
      writeFileSync(join(root, file), text)
      console.log(`ocelli: built ${file}, ${Math.round(text.length / 1024)} KiB`)
    }
    mkdirSync(target, { recursive: true })
    for (const file of Object.keys(modules)) {
      writeFileSync(join(target, file), readFileSync(join(folder, file)))
      console.log(`ocelli: built ${file}, ${Math.round(statSync(join(target, file)).size / 1024)} KiB`)
    }
    return 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

process.exitCode = await main()
