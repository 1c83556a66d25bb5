import type { RandomAccess } from '../weights/random-access.ts'
import type { HubOptions } from './options.ts'
import type { RemoteFile } from './reference.ts'

/** Weights that are being read; close them when nothing more is wanted. */
export interface OpenedWeights {
  readonly access: RandomAccess
  /** Where they are: a path, or an address. */
  readonly location: string
  readonly close: () => Promise<void>
}

/** What brings weights to this machine: one for Node, one for browsers. */
export interface WeightLoader {
  /** A path, an address, a name on the hub, or a published file of which more is known. */
  open(reference: string | RemoteFile, options?: HubOptions): Promise<OpenedWeights>
}

interface NodeProcess {
  readonly versions?: { readonly node?: string }
}

/** The loader for where this runs. */
export async function weightLoader(): Promise<WeightLoader> {
  const inNode = (globalThis as { process?: NodeProcess }).process?.versions?.node !== undefined
  return inNode ? (await import('./node.ts')).nodeLoader : (await import('./browser.ts')).browserLoader
}
