import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import type { Host, Thread } from './host.ts'

export function nodeHost(): Host {
  return {
    processors: availableParallelism(),
    async readModule(instructionSet) {
      const name = instructionSet === 'wasm-relaxed' ? 'ocelli-relaxed-simd.wasm' : 'ocelli-simd.wasm'
      const url = new URL(name, import.meta.url)
      if (!existsSync(url)) throw new Error(`${url.pathname} is missing; npm run build puts it there`)
      return new Uint8Array(await readFile(url))
    },
    startWorker: () => nodeThread(new URL('./worker.js', import.meta.url)),
  }
}

function nodeThread(url: URL): Thread {
  // Options of the process, such as those of a script given on the command line, are none of the Worker's.
  const worker = new Worker(url, { execArgv: [], env: SHARE_ENV })
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.on('message', listener)
    },
    onError: (listener) => {
      worker.on('error', (error) => listener((error as Error).message))
      worker.on('exit', () => listener('a worker thread ended'))
    },
    keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  }
}
