import { slotsOf } from './instruction-slots.ts'
import type { Instruction, Operand, SlotId } from './program.ts'
import { samePlaces } from './schedule.ts'

export interface MemoryPlan {
  /** Where each planned buffer lies in the arena. */
  readonly offsets: ReadonlyMap<SlotId, number>
  readonly arenaBytes: number
  /** The most bytes that are needed at one time: no plan can do with less. */
  readonly liveBytes: number
}

/** A group of buffers sharing one place, and the instructions (first to last) during which it holds something. */
interface Lifetime {
  readonly slots: SlotId[]
  readonly bytes: number
  readonly first: number
  last: number
  offset: number
}

const alignment = 64

/**
 * Gives buffers places in one arena so that those needed at the same time do not overlap: largest first, each in the
 * smallest gap that fits. The result of an element-wise loop takes the place of an operand that is read there last.
 */
export function planMemory(
  instructions: readonly Instruction[],
  bytesOf: (slot: SlotId) => number | undefined,
): MemoryPlan {
  const lifetimes = findLifetimes(instructions, bytesOf)
  const placed: Lifetime[] = []
  let arenaBytes = 0
  for (const lifetime of [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    lifetime.offset = bestGap(lifetime, placed)
    insert(placed, lifetime)
    arenaBytes = Math.max(arenaBytes, lifetime.offset + lifetime.bytes)
  }
  const offsets = new Map<SlotId, number>()
  for (const { slots, offset } of lifetimes) for (const slot of slots) offsets.set(slot, offset)
  return { offsets, arenaBytes, liveBytes: mostLive(lifetimes, instructions.length) }
}

function findLifetimes(
  instructions: readonly Instruction[],
  bytesOf: (slot: SlotId) => number | undefined,
): Lifetime[] {
  const last = new Map<SlotId, number>()
  for (const [i, instruction] of instructions.entries()) {
    for (const { slot } of slotsOf(instruction)) last.set(slot, i)
  }
  const lifetimes: Lifetime[] = []
  const lifetimeOf = new Map<SlotId, Lifetime>()
  for (const [i, instruction] of instructions.entries()) {
    for (const { slot } of slotsOf(instruction)) {
      const bytes = bytesOf(slot)
      if (bytes === undefined || lifetimeOf.has(slot)) continue
      const heir =
        instruction.op === 'elementwise' ? dyingOperand(instruction, slot, i, lifetimeOf) : undefined
      if (heir !== undefined && heir.bytes === aligned(bytes)) {
        heir.slots.push(slot)
        heir.last = last.get(slot)!
        lifetimeOf.set(slot, heir)
      } else {
        const lifetime = { slots: [slot], bytes: aligned(bytes), first: i, last: last.get(slot)!, offset: 0 }
        lifetimes.push(lifetime)
        lifetimeOf.set(slot, lifetime)
      }
    }
  }
  return lifetimes
}

/** The place of an operand that this loop reads for the last time, element by element where it writes `slot`. */
function dyingOperand(
  loop: Extract<Instruction, { op: 'elementwise' }>,
  slot: SlotId,
  at: number,
  lifetimeOf: ReadonlyMap<SlotId, Lifetime>,
): Lifetime | undefined {
  const output = loop.outputs.find((operand) => operand.slot === slot)
  if (output === undefined) return undefined
  for (const operand of loop.inputs) {
    const lifetime = lifetimeOf.get(operand.slot)
    if (lifetime === undefined || lifetime.last !== at) continue
    const inPlace = (other: Operand): boolean =>
      !lifetime.slots.includes(other.slot) || samePlaces(loop.dims, other, output)
    if (loop.inputs.every(inPlace) && !loop.outputs.some((other) => lifetime.slots.includes(other.slot))) {
      return lifetime
    }
  }
  return undefined
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}

/** The offset of the smallest gap among the lifetimes (sorted by offset) that overlap this one in time. */
function bestGap(lifetime: Lifetime, placed: readonly Lifetime[]): number {
  let best = -1
  let bestSize = Number.POSITIVE_INFINITY
  let end = 0
  for (const other of placed) {
    if (other.first > lifetime.last || other.last < lifetime.first) continue
    const gap = other.offset - end
    if (gap >= lifetime.bytes && gap < bestSize) [best, bestSize] = [end, gap]
    end = Math.max(end, other.offset + other.bytes)
  }
  return best >= 0 ? best : end
}

function insert(placed: Lifetime[], lifetime: Lifetime): void {
  let [low, high] = [0, placed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (placed[middle]!.offset <= lifetime.offset) low = middle + 1
    else high = middle
  }
  placed.splice(low, 0, lifetime)
}

function mostLive(lifetimes: readonly Lifetime[], instructions: number): number {
  const change = new Array<number>(instructions + 1).fill(0)
  for (const { first, last, bytes } of lifetimes) {
    change[first]! += bytes
    change[last + 1]! -= bytes
  }
  let live = 0
  let most = 0
  for (const bytes of change) {
    live += bytes
    most = Math.max(most, live)
  }
  return most
}
