// `npm run bench [-- --turns N] [--json]`: Ocelli and PyTorch in turns in one run, and the machine's own limits.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import {
  compile,
  createModel,
  F,
  getBackend,
  noGrad,
  optim,
  rand,
  randint,
  realize,
  summarize,
} from '../dist/index.js'

const { values: flags } = parseArgs({
  options: {
    turns: { type: 'string', default: '5' },
    json: { type: 'boolean' },
    only: { type: 'string', default: '' },
  },
})
const threads = Number(process.env.OCELLI_THREADS ?? availableParallelism())

function limits() {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-bench-'))
  try {
    const program = join(folder, 'limits')
    const source = resolve(import.meta.dirname, 'limits.cc')
    const built = spawnSync('c++', ['-O3', '-march=native', '-pthread', '-o', program, source], {
      stdio: 'inherit',
    })
    if (built.status !== 0) return null
    return JSON.parse(spawnSync(program, [String(threads)], { encoding: 'utf8' }).stdout)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** PyTorch in a process of its own, kept alive; null where it is not installed. */
function startPeer() {
  const python = process.env.PYTHON ?? '/usr/bin/python3'
  if (spawnSync(python, ['-c', 'import torch, torchvision']).status !== 0) return null
  const child = spawn(python, [resolve(import.meta.dirname, 'peer.py'), String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    measure: async (name, repeats) => {
      child.stdin.write(`${name}\t${repeats}\n`)
      return Number((await lines.next()).value)
    },
    stop: () => child.kill(),
  }
}

async function sgemm(size) {
  const [a, b] = [rand([size, size]), rand([size, size])]
  await realize(a, b)
  const multiply = compile((x, y) => x.matmul(y))
  return { run: () => multiply(a, b), macs: size ** 3 }
}

async function inference(name, batch) {
  const model = await createModel(name)
  model.eval()
  const x = rand([batch, 3, 224, 224])
  await realize(x)
  const forward = compile((images) => noGrad(() => model.forward(images)))
  return { run: () => forward(x), macs: summarize(model, [batch, 3, 224, 224]).macs }
}

async function lenetStep(batch) {
  const model = await createModel('lenet5')
  const optimizer = optim.sgd(model.parameters(), { lr: 0.01, momentum: 0.9 })
  const [x, y] = [rand([batch, 1, 32, 32]), randint(0, 10, [batch])]
  await realize(x, y)
  const step = compile((images, labels) => {
    const loss = F.crossEntropy(model.forward(images), labels)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.update()
    return loss
  })
  return { run: async () => (await step(x, y)).item(), macs: 3 * summarize(model, [batch, 1, 32, 32]).macs }
}

const workloads = {
  'sgemm 1024': () => sgemm(1024),
  'lenet5 training step, batch 64': () => lenetStep(64),
  'lenet5 training step, batch 256': () => lenetStep(256),
  'resnet18 inference, batch 1': () => inference('resnet18', 1),
  'resnet18 inference, batch 8': () => inference('resnet18', 8),
  'mobilenet_v2 inference, batch 1': () => inference('mobilenet_v2', 1),
}

const { info } = await getBackend()
const machine = limits()
const peer = startPeer()
if (!flags.json) {
  console.log(
    `${info.name} ${info.instructionSet}, ${info.threads} threads; minimum over ${flags.turns} turns`,
  )
  if (machine) console.log(`limits: ${machine.gflops} GFLOP/s, ${machine.gigabytes} GB/s (triad)`)
  if (!peer) console.log('PyTorch is not installed (python3-torch, python3-torchvision): no ratios')
}
const rows = []
for (const [name, prepare] of Object.entries(workloads)) {
  if (!name.includes(flags.only)) continue
  const { run, macs } = await prepare()
  await run()
  const repeats = 5
  let [own, other] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let turn = 0; turn < Number(flags.turns); turn++) {
    for (let i = 0; i < repeats; i++) {
      const start = performance.now()
      await run()
      own = Math.min(own, performance.now() - start)
    }
    if (peer) other = Math.min(other, await peer.measure(name, repeats))
  }
  const gflops = (2 * macs) / own / 1e6
  const row = {
    name,
    ms: own,
    gflops,
    share: machine && gflops / machine.gflops,
    torch: peer && other,
    ratio: peer && other / own,
  }
  rows.push(row)
  if (!flags.json) {
    const share = machine ? `${(100 * row.share).toFixed(0)} % of the limit` : ''
    const ratio = peer ? `PyTorch ${other.toFixed(2)} ms, ratio ${row.ratio.toFixed(2)}` : ''
    console.log(
      `${name.padEnd(34)} ${own.toFixed(2).padStart(8)} ms  ${gflops.toFixed(0).padStart(4)} GFLOP/s  ${share}  ${ratio}`,
    )
  }
}
peer?.stop()
if (flags.json) console.log(JSON.stringify({ info, machine, rows }, null, 2))
