import type { Backend, BackendName } from './backend.ts'

interface NodeProcess {
  readonly versions?: { readonly node?: string }
  readonly env?: Readonly<Record<string, string | undefined>>
}

const hostProcess = (globalThis as { process?: NodeProcess }).process
const inNode = hostProcess?.versions?.node !== undefined

let selected: Promise<Backend> | undefined
let reason = ''
let announced = true

/** Which backend runs, and why it was chosen. */
export function backendReason(): string {
  return reason
}

/** For programs that say themselves what runs: nothing is printed where another backend has to take over. */
export function silenceBackendChoice(): void {
  announced = false
}

/** The backend in use; chosen at the first call: OCELLI_BACKEND if set, else native, else wasm, else reference. */
export function getBackend(): Promise<Backend> {
  selected ??= choose()
  return selected
}

/** Runs everything from now on, on the named backend. Rejects when it is not available here. */
export async function setBackend(name: BackendName): Promise<Backend> {
  const backend = await create(name)
  if ('unavailable' in backend)
    throw new Error(`the ${name} backend is not available: ${backend.unavailable}`)
  selected = Promise.resolve(backend)
  reason = 'chosen by setBackend'
  return backend
}

async function choose(): Promise<Backend> {
  const wanted = hostProcess?.env?.OCELLI_BACKEND
  if (wanted !== undefined && wanted !== '') {
    if (!isBackendName(wanted)) {
      throw new Error(`OCELLI_BACKEND is '${wanted}'; it must be 'native', 'wasm' or 'reference'`)
    }
    const backend = await create(wanted)
    if ('unavailable' in backend) throw new Error(`OCELLI_BACKEND=${wanted}: ${backend.unavailable}`)
    reason = 'chosen by OCELLI_BACKEND'
    return backend
  }
  const native = await create('native')
  if (!('unavailable' in native)) {
    reason = 'the native addon is here'
    return native
  }
  const wasm = await create('wasm')
  if (!('unavailable' in wasm)) {
    reason = native.unavailable
    // A browser has nothing better.
    if (inNode && announced) console.warn(`ocelli: running on WebAssembly: ${reason}`)
    return wasm
  }
  reason = inNode ? `${native.unavailable}; ${wasm.unavailable}` : wasm.unavailable
  if (announced) console.warn(`ocelli: running on the reference backend, which is slow: ${reason}`)
  return createReference()
}

function isBackendName(name: string): name is BackendName {
  return name === 'native' || name === 'wasm' || name === 'reference'
}

async function createReference(): Promise<Backend> {
  return (await import('./reference/index.ts')).createReferenceBackend()
}

let wasmBackend: ReturnType<typeof create> | undefined

async function create(name: BackendName): Promise<Backend | { readonly unavailable: string }> {
  switch (name) {
    case 'reference':
      return createReference()
    case 'wasm':
      wasmBackend ??= import('./wasm/backend.ts').then(({ createWasmBackend }) => createWasmBackend())
      return wasmBackend
    case 'native': {
      if (!inNode) return { unavailable: 'native code runs in Node only' }
      const { createNativeBackend } = await import('./native/backend.ts')
      return createNativeBackend()
    }
  }
}
