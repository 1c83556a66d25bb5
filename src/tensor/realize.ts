import type { Executable } from '../backends/backend.ts'
import { getBackend } from '../backends/select.ts'
import { abstractGraph, record, structuralKey } from '../compiler/graph.ts'
import { IndexError } from '../graph/index-error.ts'
import type { Node } from '../graph/node.ts'
import { sizeOf } from '../graph/shape.ts'
import { HostStorage, type Storage } from '../graph/storage.ts'

export interface RealizeOptions {
  /** Stops between two instructions; work that overwrites parameters in place is finished first. */
  readonly signal?: AbortSignal
}

/** A value to compute, and the leaf whose memory it overwrites, if any. */
export interface Root {
  readonly node: Node
  readonly target: Node | null
}

export interface RunResult {
  readonly storages: readonly Storage[]
  readonly leaves: readonly Node[]
  readonly executable: Executable
  readonly donations: readonly (number | null)[]
  /** Why the values computed are not to be used, though memory updated in place has its new values. */
  readonly failure: IndexError | undefined
}

const maxPrograms = 256
const programs = new Map<string, Executable>()
let programBackend: unknown

/** How many programs were compiled since start: for tests that a training step is compiled once. */
export let compiledPrograms = 0

/** Computes the roots in one program. */
export async function runRoots(roots: readonly Root[], options: RealizeOptions = {}): Promise<RunResult> {
  const recorded = record(
    roots.map((root) => root.node),
    roots.map((root) => root.target),
  )
  const executable = await executableFor(recorded)
  const inputs = recorded.leaves.map((leaf) => leaf.storage!)
  const storages = await allocateOutputs(
    roots.map((root) => root.node),
    recorded.donations,
    inputs,
  )
  const failure = await execute(executable, inputs, storages, recorded.donations, options.signal)
  return { storages, leaves: recorded.leaves, executable, donations: recorded.donations, failure }
}

/** The program of a recorded graph, compiled at the first sight of its structure. */
export async function executableFor(recorded: ReturnType<typeof record>): Promise<Executable> {
  const backend = await getBackend()
  if (programBackend !== backend) {
    programs.clear()
    programBackend = backend
  }
  const key = structuralKey(recorded)
  let executable = programs.get(key)
  if (executable === undefined) {
    executable = backend.compile(abstractGraph(recorded))
    compiledPrograms++
  } else {
    programs.delete(key)
  }
  programs.set(key, executable)
  if (programs.size > maxPrograms) programs.delete(programs.keys().next().value!)
  return executable
}

/** Where the outputs go. Inputs to be overwritten are replaced by storages that the backend has adopted. */
export async function allocateOutputs(
  nodes: readonly Pick<Node, 'dtype' | 'shape'>[],
  donations: readonly (number | null)[],
  inputs: Storage[],
): Promise<Storage[]> {
  const backend = await getBackend()
  const outputs: Storage[] = []
  for (const [i, node] of nodes.entries()) {
    const donated = donations[i]
    if (donated === null || donated === undefined) {
      outputs.push(HostStorage.allocate(node.dtype, sizeOf(node.shape)))
      continue
    }
    const adopted = backend.adopt(inputs[donated]!)
    inputs[donated] = adopted instanceof Promise ? await adopted : adopted
    outputs.push(inputs[donated])
  }
  return outputs
}

/** Runs a program; returns the error of an index out of range, with which a program runs to its end. */
export async function execute(
  executable: Executable,
  inputs: readonly Storage[],
  outputs: readonly Storage[],
  donations: readonly (number | null)[],
  signal: AbortSignal | undefined,
): Promise<IndexError | undefined> {
  signal?.throwIfAborted()
  const inPlace = donations.some((donated) => donated !== null)
  let failure: IndexError | undefined
  await executable.run(inputs, outputs, inPlace ? undefined : signal).catch((error: unknown) => {
    if (!(error instanceof IndexError)) throw error
    failure = error
  })
  for (const [i, donated] of donations.entries()) if (donated !== null) outputs[i]!.version++
  return failure
}
