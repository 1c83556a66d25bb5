import { type Graph, topologicalOrder } from '../compiler/graph.ts'
import { builtInConvCosts, type ConvCosts } from '../compiler/target.ts'
import type { BackendName } from './backend.ts'

const mostThreads = 1024

/** What OCELLI_THREADS says, or all processors. */
export function threadsWanted(text: string | undefined, processors: number): number {
  if (text === undefined || text === '') return processors
  const threads = Number(text)
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new Error(`OCELLI_THREADS is '${text}'; it must be a whole number from 1 to ${mostThreads}`)
  }
  return threads
}

/** What OCELLI_ISA says, or ''. */
export function instructionSetWanted(text: string | undefined, here: readonly string[]): string {
  if (text === undefined || text === '') return ''
  if (!here.includes(text)) throw new Error(`OCELLI_ISA is '${text}'; it must be one of ${here.join(', ')}`)
  return text
}

/** What OCELLI_CALIBRATION says, which `ocelli calibrate --json` prints, or the built-in costs. */
export function convCostsWanted(text: string | undefined): ConvCosts {
  if (text === undefined || text === '') return builtInConvCosts
  const refuse = (what: string): never => {
    throw new Error(
      `OCELLI_CALIBRATION ${what}; set it to what ocelli calibrate --json prints, or to nothing`,
    )
  }
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    return refuse('is not JSON')
  }
  if (typeof given !== 'object' || given === null) return refuse('is not an object')
  const costs: Record<string, number> = {}
  for (const key of Object.keys(builtInConvCosts)) {
    const cost = (given as Record<string, unknown>)[key]
    if (typeof cost !== 'number' || !Number.isFinite(cost) || cost <= 0) {
      return refuse(`has ${JSON.stringify(cost) ?? 'nothing'} for '${key}', which must be a number above 0`)
    }
    costs[key] = cost
  }
  return costs as unknown as ConvCosts
}

export function refuseFloat64(graph: Graph, backend: BackendName): void {
  for (const node of topologicalOrder(graph.outputs)) {
    if (node.dtype !== 'float64') continue
    throw new Error(
      `${node.op} [${node.shape}]: the ${backend} backend does not compute float64; cast with to('float32'), or ` +
        `run on the reference backend (OCELLI_BACKEND=reference, or setBackend('reference'))`,
    )
  }
}
