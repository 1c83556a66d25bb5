// Ocelli and its peers: how each is started, and whether it is here.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startWorker } from './client.mjs'
import { modules } from './paths.mjs'

export const python = process.env.PYTHON ?? '/usr/bin/python3'

const worker = (name) => join(import.meta.dirname, 'workers', name)

const inNode = (file, env = {}) => ({
  command: [process.execPath, worker(file)],
  env,
})

const fromRegistry = (file, name, options = {}) => ({
  ...inNode(file),
  ...options,
  missing: () =>
    existsSync(join(modules, name)) ? null : `not installed: npm install --prefix bench brings ${name}`,
})

const inPython = (file, libraries, packages) => ({
  command: [python, worker(file)],
  env: { PYTHONDONTWRITEBYTECODE: '1' },
  // Large blocks stay with the process: page faults on every run would count against it.
  timingEnv: { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '17179869184' },
  missing: () => {
    const found = spawnSync(python, ['-c', `import ${libraries.join(', ')}`]).status === 0
    return found ? null : `not installed: apt-get install ${packages}`
  },
})

export const engines = {
  ocelli: inNode('ocelli.mjs'),
  'ocelli-wasm': inNode('ocelli.mjs', { OCELLI_BACKEND: 'wasm' }),
  'onnxruntime-node': fromRegistry('onnxruntime-node.mjs', 'onnxruntime-node', { readsModel: true }),
  'onnxruntime-web': fromRegistry('onnxruntime-web.mjs', 'onnxruntime-web', { readsModel: true }),
  tfjs: fromRegistry('tfjs.mjs', '@tensorflow/tfjs-backend-wasm', { readsModel: true }),
  'jax-js': fromRegistry('jax.mjs', '@jax-js/jax'),
  torch: inPython('pytorch.py', ['numpy', 'torch', 'torchvision'], 'python3-torch python3-torchvision'),
  'ocelli-classical': inNode('classical.mjs'),
  'scikit-learn': inPython('scikit_learn.py', ['numpy', 'sklearn'], 'python3-sklearn'),
}

export const peerNames = Object.keys(engines).filter((name) => engines[name].missing)

/** Why a peer can't be measured here; null where it can. */
export const missing = (name) => engines[name].missing?.() ?? null

/** A worker of an engine on a number of threads, which holds for the life of the process. */
export function startEngine(name, threads, { measuresMemory = false } = {}) {
  const { command, env, timingEnv } = engines[name]
  const counts = Object.fromEntries(
    ['OCELLI_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'].map((name) => [name, String(threads)]),
  )
  return startWorker(command[0], command.slice(1), {
    ...counts,
    ...env,
    ...(measuresMemory ? {} : timingEnv),
  })
}

/** Whoever can run; `skip` is told of who can't. */
export async function startAll(names, threads, skip) {
  const running = new Map()
  for (const name of names) {
    const worker = startEngine(name, threads)
    try {
      running.set(name, { name, worker, info: await worker.ask('hello') })
    } catch (error) {
      skip(name, error.message)
      await worker.stop()
    }
  }
  return running
}
