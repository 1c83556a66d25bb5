import { chainImages } from './chain-images.ts'
import { fuseOutputs } from './fuse-outputs.ts'
import type { Graph } from './graph.ts'
import { slotsOf, withSlots } from './instruction-slots.ts'
import { lower } from './lowering.ts'
import type { Buffer } from './lowering-state.ts'
import { planMemory } from './memory-plan.ts'
import { mergeLoops } from './merge-loops.ts'
import { optimize } from './optimize.ts'
import type { Instruction, Program, Slot, SlotId } from './program.ts'
import { schedule } from './schedule.ts'
import type { Target } from './target.ts'
import { tidyLoop } from './tidy-loops.ts'

/** A compiled graph. */
export interface Compiled {
  /**
   * What runs each time. Its external buffers are the graph's inputs, then the derived values, then the graph's outputs
   * (a donated output is given its input's buffer).
   */
  readonly program: Program
  /**
   * Computes the derived values, which depend on persistent inputs only; null where there are none. Its external buffers
   * are the graph's inputs, then the derived values.
   */
  readonly prologue: Program | null
  /** Bytes of each derived value. */
  readonly derived: readonly number[]
  /** The inputs that derived values depend on. */
  readonly derivedFrom: readonly number[]
  /** The most bytes of the arena that are needed at one time: the lower bound on its size. */
  readonly liveBytes: number
}

/** Turns a graph into programs for the kernels described by `target`. */
export function compile(graph: Graph, target: Target): Compiled {
  const lowered = lower(optimize(graph), target)
  const fused = mergeLoops(fuseOutputs(lowered.buffers, lowered.instructions.map(tidyLoop)))
  const { buffers, instructions: ordered } = schedule(lowered.buffers, fused)
  const instructions = chainImages(buffers, ordered)
  const constant = findConstant(buffers, instructions)
  const prologue = instructions.filter((_, i) => constant.instructions[i])
  const main = instructions.filter((_, i) => !constant.instructions[i])
  const read = new Set(main.flatMap((instruction) => slotsOf(instruction).map(({ slot }) => slot)))
  const derived = [...constant.slots].filter((slot) => read.has(slot))
  const inputs = graph.inputs.length
  const numbers = new Map(derived.map((slot, i) => [slot, inputs + i]))
  const externalOf = (slot: SlotId): number | undefined => {
    const { external, donor } = buffers[slot]!
    if (external === null) return numbers.get(slot)
    if (external.kind === 'input') return external.index
    const donated = donor === null ? null : buffers[donor]!.external
    return donated === null ? inputs + derived.length + external.index : donated.index
  }
  const program = assemble(buffers, main, externalOf, inputs + derived.length + graph.outputs.length)
  return {
    program: program.program,
    prologue:
      derived.length === 0 ? null : assemble(buffers, prologue, externalOf, inputs + derived.length).program,
    derived: derived.map((slot) => buffers[slot]!.bytes),
    derivedFrom: derived.length === 0 ? [] : inputsOf(buffers, prologue),
    liveBytes: program.liveBytes,
  }
}

/** Instructions whose results are the same from run to run, and the buffers that they alone fill. */
function findConstant(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
): { instructions: readonly boolean[]; slots: ReadonlySet<SlotId> } {
  const variable = new Set<SlotId>()
  for (const [slot, { external }] of buffers.entries()) {
    if (external !== null && !(external.kind === 'input' && external.constant)) variable.add(slot)
  }
  const accesses = instructions.map(slotsOf)
  const touchesVariable = accesses.map(() => false)
  for (let changed = true; changed; ) {
    changed = false
    for (const [i, slots] of accesses.entries()) {
      if (touchesVariable[i] || !slots.some(({ slot }) => variable.has(slot))) continue
      touchesVariable[i] = true
      for (const { slot, kind } of slots) {
        if (kind === 'read' || variable.has(slot)) continue
        variable.add(slot)
        changed = true
      }
    }
  }
  const slots = new Set<SlotId>()
  for (const [i, list] of accesses.entries()) {
    if (!touchesVariable[i]) for (const { slot, kind } of list) if (kind !== 'read') slots.add(slot)
  }
  return { instructions: touchesVariable.map((variable) => !variable), slots }
}

function inputsOf(buffers: readonly Buffer[], instructions: readonly Instruction[]): number[] {
  const found = new Set<number>()
  for (const { slot } of instructions.flatMap(slotsOf)) {
    const { external } = buffers[slot]!
    if (external?.kind === 'input') found.add(external.index)
  }
  return [...found].sort((a, b) => a - b)
}

/** A program of these instructions, its own intermediate values planned into one arena. */
function assemble(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  externalOf: (slot: SlotId) => number | undefined,
  externals: number,
): { program: Program; liveBytes: number } {
  const plan = planMemory(instructions, (slot) =>
    externalOf(slot) === undefined ? buffers[slot]!.bytes : undefined,
  )
  const slots: Slot[] = []
  const numbers = new Map<SlotId, SlotId>()
  const slotOf = (buffer: SlotId): SlotId => {
    let number = numbers.get(buffer)
    if (number === undefined) {
      const { bytes } = buffers[buffer]!
      const index = externalOf(buffer)
      const offset = plan.offsets.get(buffer)
      number = slots.push(
        index !== undefined
          ? { kind: 'external', index, bytes }
          : offset !== undefined
            ? { kind: 'arena', offset, bytes }
            : { kind: 'window', bytes },
      )
      numbers.set(buffer, --number)
    }
    return number
  }
  const placed = instructions.map((instruction) => withSlots(instruction, slotOf))
  return {
    program: { slots, instructions: placed, arenaBytes: plan.arenaBytes, externals },
    liveBytes: plan.liveBytes,
  }
}
