import type { Host, Thread } from './host.ts'

export function browserHost(): Host {
  return {
    processors: globalThis.navigator?.hardwareConcurrency ?? 1,
    async readModule(instructionSet) {
      // Spelled out, for bundlers to find.
      const url =
        instructionSet === 'wasm-relaxed'
          ? new URL('./ocelli-relaxed-simd.wasm', import.meta.url)
          : new URL('./ocelli-simd.wasm', import.meta.url)
      const response = await fetch(url)
      if (!response.ok) throw new Error(`${url.href} cannot be fetched (${response.status})`)
      return new Uint8Array(await response.arrayBuffer())
    },
    startWorker: browserThread,
  }
}

function browserThread(): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.addEventListener('message', ({ data }) => listener(data)),
    onError: (listener) =>
      worker.addEventListener('error', ({ message }) => listener(message || 'a Worker cannot be started')),
    keepAlive: () => undefined,
    terminate: () => worker.terminate(),
  }
}
