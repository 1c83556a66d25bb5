import { keyText } from './graph.ts'
import { slotsOf, withSlots } from './instruction-slots.ts'
import type { Buffer } from './lowering-state.ts'
import type { Instruction, SlotId } from './program.ts'

/** Instructions that compute values of persistent inputs, and share no intermediate value with other derivations. */
export interface Derivation {
  /** Derivations of equal keys compute the same values from the same contents of their inputs. */
  readonly key: string
  /** The graph inputs that they read, by their numbers; equal keys mean equal roles at equal places. */
  readonly inputs: readonly number[]
  /** Bytes of each value that the program reads, likewise in order. */
  readonly bytes: readonly number[]
}

export interface DerivationCode extends Derivation {
  readonly instructions: readonly Instruction[]
  readonly values: readonly SlotId[]
}

/** What has to run each time, and what can be computed once for each version of the parameters. */
export function divide(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
): { main: Instruction[]; derivations: DerivationCode[] } {
  const constant = findConstant(buffers, instructions)
  const main = instructions.filter((_, i) => !constant[i])
  const read = new Set(main.flatMap((instruction) => slotsOf(instruction).map(({ slot }) => slot)))
  const derivations = connected(buffers, instructions, constant)
    .map((group) => describe(buffers, group, read))
    .filter(({ values }) => values.length > 0)
  return { main, derivations }
}

/** Whether an instruction's results are the same from run to run. */
function findConstant(buffers: readonly Buffer[], instructions: readonly Instruction[]): boolean[] {
  const variable = new Set<SlotId>()
  for (const [slot, { external }] of buffers.entries()) {
    if (external !== null && !(external.kind === 'input' && external.constant)) variable.add(slot)
  }
  const accesses = instructions.map(slotsOf)
  const constant = accesses.map(() => true)
  for (let changed = true; changed; ) {
    changed = false
    for (const [i, slots] of accesses.entries()) {
      if (!constant[i] || !slots.some(({ slot }) => variable.has(slot))) continue
      constant[i] = false
      for (const { slot, kind } of slots) {
        if (kind === 'read' || variable.has(slot)) continue
        variable.add(slot)
        changed = true
      }
    }
  }
  return constant
}

/** The constant instructions, those together that intermediate values connect; in order. */
function connected(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  constant: readonly boolean[],
): Instruction[][] {
  const parents = instructions.map((_, i) => i)
  const rootOf = (place: number): number => {
    let root = place
    while (parents[root] !== root) root = parents[root]!
    parents[place] = root
    return root
  }
  const users = new Map<SlotId, number>()
  for (const [i, instruction] of instructions.entries()) {
    if (!constant[i]) continue
    for (const { slot } of slotsOf(instruction)) {
      if (buffers[slot]!.external !== null) continue
      const [a, b] = [rootOf(i), rootOf(users.get(slot) ?? i)]
      parents[Math.max(a, b)] = Math.min(a, b)
      users.set(slot, i)
    }
  }
  const groups = new Map<number, Instruction[]>()
  for (const [i, instruction] of instructions.entries()) {
    if (!constant[i]) continue
    const root = rootOf(i)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [instruction])
    else group.push(instruction)
  }
  return [...groups.values()]
}

/** `read`: the buffers that other instructions read. */
function describe(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  read: ReadonlySet<SlotId>,
): DerivationCode {
  const numbers = new Map<SlotId, number>()
  const numbered = instructions.map((instruction) =>
    withSlots(instruction, (slot) => {
      const number = numbers.get(slot) ?? numbers.size
      numbers.set(slot, number)
      return number
    }),
  )
  const inputs: number[] = []
  const values: SlotId[] = []
  let kinds = ''
  for (const slot of numbers.keys()) {
    const { external, bytes } = buffers[slot]!
    if (external !== null) inputs.push(external.index)
    else if (read.has(slot)) values.push(slot)
    kinds += external !== null ? 'i' : read.has(slot) ? `v${bytes}` : 't'
  }
  const bytes = values.map((slot) => buffers[slot]!.bytes)
  return { key: onePiece(`${kinds}${keyText(numbered)}`), inputs, bytes, instructions, values }
}

/** A text put together holds all its parts alive, three times its size; a property's name is stored by itself. */
function onePiece(text: string): string {
  return Object.keys({ [text]: null })[0]!
}

/** Bytes from which an intermediate value borrows its place; smaller ones stay in a cache if they share the arena. */
const leastBorrowed = 1 << 20

/**
 * The order to compute derivations in, and where large intermediate values go meanwhile: into the place of a value that is
 * computed later, so that they need no memory of their own. The largest come first, while most places are free.
 */
export function arrange(
  buffers: readonly Buffer[],
  derivations: readonly DerivationCode[],
): { instructions: Instruction[]; borrowed: Map<SlotId, SlotId> } {
  const bytesOf = (slot: SlotId): number => buffers[slot]!.bytes
  const isLarge = (slot: SlotId): boolean =>
    buffers[slot]!.external === null && bytesOf(slot) >= leastBorrowed
  const ordered = derivations
    .map((derivation) => {
      const touched = new Set(derivation.instructions.flatMap(slotsOf).map(({ slot }) => slot))
      const large = [...touched].filter((slot) => isLarge(slot) && !derivation.values.includes(slot))
      return { ...derivation, large, most: Math.max(0, ...large.map(bytesOf)) }
    })
    .sort((a, b) => b.most - a.most)
  const borrowed = new Map<SlotId, SlotId>()
  for (const [i, { large }] of ordered.entries()) {
    if (large.length === 0) break
    const later = ordered.slice(i + 1).flatMap(({ values }) => values)
    for (const slot of large) {
      const at = later.findIndex((value) => bytesOf(value) >= bytesOf(slot))
      if (at >= 0) borrowed.set(slot, later.splice(at, 1)[0]!)
    }
  }
  return { instructions: ordered.flatMap(({ instructions }) => instructions), borrowed }
}
