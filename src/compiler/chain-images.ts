import { slotsOf } from './instruction-slots.ts'
import type { Buffer } from './lowering-state.ts'
import type { ChainStage, Image, Instruction, SlotId } from './program.ts'

/** An image of fewer bytes is still in the cache when the next instruction reads it. */
const leastBytes = 1 << 20
/** Bytes of rows that a chain may hold: they share the second-level cache of a core with the weights. */
const mostHeld = 384 << 10
/** Bytes of weights, which a chain reads anew for each band of rows. */
const mostWeights = 256 << 10

/**
 * Joins convolutions and poolings that hand on large images into chains, which compute them a band of rows at a time, so
 * that no such image goes to memory and back. Instructions are given, and come, in the order they run.
 */
export function chainImages(buffers: readonly Buffer[], instructions: readonly Instruction[]): Instruction[] {
  const users = usersOf(instructions)
  const result: (Instruction | null)[] = [...instructions]
  for (const [first, instruction] of instructions.entries()) {
    if (result[first] !== instruction || !canBeStage(instruction)) continue
    const members = [first]
    const stages = [instruction]
    for (;;) {
      const next = readerOf(stages.at(-1)!.y, buffers, users.get(stages.at(-1)!.y.slot)!)
      const stage = next === null ? undefined : instructions[next]
      if (next === null || stage === undefined || !canBeStage(stage) || !readsImage(stage, stages.at(-1)!.y))
        break
      if (rowsAtOnce(buffers, [...stages, stage]) === null) break
      if (members.some((member) => isOverwritten(buffers, instructions, member, next))) break
      members.push(next)
      stages.push(stage)
    }
    if (stages.length === 1) continue
    for (const member of members) result[member] = null
    // Where the last of them ran, all that they read is there.
    result[members.at(-1)!] = { op: 'chain', rows: rowsAtOnce(buffers, stages)!, stages }
  }
  return result.filter((instruction) => instruction !== null)
}

/** The instructions that name each slot, in order. */
function usersOf(instructions: readonly Instruction[]): Map<SlotId, number[]> {
  const users = new Map<SlotId, number[]>()
  for (const [i, instruction] of instructions.entries()) {
    for (const slot of new Set(slotsOf(instruction).map((access) => access.slot))) {
      const list = users.get(slot)
      if (list === undefined) users.set(slot, [i])
      else list.push(i)
    }
  }
  return users
}

function canBeStage(instruction: Instruction): instruction is ChainStage {
  if (instruction.op === 'maxPool2d') {
    return instruction.layout === 'nhwc' && instruction.values && instruction.indices === null
  }
  // Winograd's convolutions cut their image into bands themselves.
  return (
    instruction.op === 'conv2d' &&
    instruction.packed &&
    instruction.algorithm !== 'winogradF2' &&
    instruction.algorithm !== 'winogradF4'
  )
}

/** The one other instruction that names an image worth a chain; null where there is none. */
function readerOf(y: Image, buffers: readonly Buffer[], users: readonly number[]): number | null {
  const { bytes, external } = buffers[y.slot]!
  const alone = external === null && y.offset === 0 && y.pixelStride === y.c && bytes === imageBytes(y)
  return alone && bytes >= leastBytes && users.length === 2 ? users[1]! : null
}

function readsImage(stage: ChainStage, image: Image): boolean {
  const { x } = stage
  const same = (['slot', 'offset', 'n', 'c', 'h', 'w', 'pixelStride'] as const).every(
    (field) => x[field] === image[field],
  )
  return same && slotsOf(stage).filter(({ slot }) => slot === image.slot).length === 1
}

/** Whether an instruction after `member` and before `next` writes what `member` reads. */
function isOverwritten(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  member: number,
  next: number,
): boolean {
  const read = new Set(
    slotsOf(instructions[member]!).flatMap(({ slot, kind }) => (kind === 'write' ? [] : [slot])),
  )
  return instructions.slice(member + 1, next).some((other) =>
    slotsOf(other).some(({ slot, kind }) => {
      const { donor } = buffers[slot]!
      return kind !== 'read' && (read.has(slot) || (donor !== null && read.has(donor)))
    }),
  )
}

/** How many rows of the last stage's result to compute at a time; null where the stages are better run one by one. */
function rowsAtOnce(buffers: readonly Buffer[], stages: readonly ChainStage[]): number | null {
  const weights = stages.flatMap((stage) =>
    stage.op === 'conv2d' ? [buffers[stage.weight.slot]!.bytes] : [],
  )
  if (weights.reduce((sum, bytes) => sum + bytes, 0) > mostWeights) return null
  const { h } = stages.at(-1)!.y
  if (heldBytes(stages, 1) > 2 * mostHeld) return null
  let rows = 1
  while (rows < h && heldBytes(stages, rows + 1) <= mostHeld) rows++
  // Bands of one height.
  return Math.ceil(h / Math.ceil(h / rows))
}

/** Bytes of the images between the stages that must be held for so many rows of the result. */
function heldBytes(stages: readonly ChainStage[], rows: number): number {
  let bytes = 0
  let needed = rows
  for (const { geometry, x } of stages.slice(1).reverse()) {
    const reach = (needed - 1) * geometry.stride[0] + (geometry.kernel[0] - 1) * geometry.dilation[0] + 1
    needed = Math.min(reach, x.h)
    bytes += 4 * needed * x.w * x.c
  }
  return bytes
}

function imageBytes({ n, c, h, w }: Image): number {
  return 4 * n * c * h * w
}
