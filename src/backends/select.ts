import type { Backend, BackendName } from './backend.ts'
import { createReferenceBackend } from './reference/index.ts'

interface NodeProcess {
  readonly versions?: { readonly node?: string }
  readonly env?: Readonly<Record<string, string | undefined>>
}

const hostProcess = (globalThis as { process?: NodeProcess }).process

let selected: Promise<Backend> | undefined
let reason = ''
let announced = true

/** Which backend runs, and why it was chosen. */
export function backendReason(): string {
  return reason
}

/** For programs that say themselves what runs: nothing is printed where the reference backend has to take over. */
export function silenceBackendChoice(): void {
  announced = false
}

/** The backend in use; chosen at the first call: OCELLI_BACKEND if set, else native, else reference. */
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
    if (wanted !== 'native' && wanted !== 'reference') {
      throw new Error(`OCELLI_BACKEND is '${wanted}'; it must be 'native' or 'reference'`)
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
  reason = native.unavailable
  if (announced)
    console.warn(`ocelli: running on the reference backend, which is slow: ${native.unavailable}`)
  return createReferenceBackend()
}

async function create(name: BackendName): Promise<Backend | { readonly unavailable: string }> {
  if (name === 'reference') return createReferenceBackend()
  if (hostProcess?.versions?.node === undefined) return { unavailable: 'native code runs in Node only' }
  const { createNativeBackend } = await import('./native/backend.ts')
  return createNativeBackend()
}
