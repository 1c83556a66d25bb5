// A thread of the WebAssembly backend, in a Worker of Node or of a browser. It is given what it instantiates by one
// message and then never returns to its event loop: thread 0 runs programs, the others take part in their instructions.

/** What the module imports, as in instance.ts. */
const imports = {
  fail(failure, bytes) {
    throw Object.assign(new Error('the kernels stopped'), { failure, bytes: bytes >>> 0 })
  },
  sin: Math.sin,
  cos: Math.cos,
  now: () => performance.now() * 1e6,
  fmod: (x, y) => x % y,
}

function start(port, { module, memory, thread, stack }) {
  const finished = (outcome) => port.postMessage({ outcome })
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host: { ...imports, finished } })
  port.postMessage({ ready: true })
  for (;;) {
    exports.__stack_pointer.value = stack | 0
    try {
      if (thread === 0) exports.coordinate()
      else exports.work(thread)
    } catch (error) {
      const { message, failure, bytes } = error
      if (thread === 0) exports.recover()
      port.postMessage({ thread, message, failure, bytes })
      if (thread !== 0) exports.leave()
    }
  }
}

if (globalThis.process?.versions?.node === undefined) {
  globalThis.onmessage = ({ data }) => start(globalThis, data)
} else {
  // Bundlers for browsers need not look for it.
  const name = 'node:worker_threads'
  import(/* @vite-ignore */ name).then(({ parentPort }) =>
    parentPort.once('message', (data) => start(parentPort, data)),
  )
}
