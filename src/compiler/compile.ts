import { chainImages } from './chain-images.ts'
import { arrange, type Derivation, type DerivationCode, divide } from './derivations.ts'
import { dropUnread } from './drop-unread.ts'
import { fuseOutputs } from './fuse-outputs.ts'
import type { Graph } from './graph.ts'
import { passOverImages } from './image-passes.ts'
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

/** A program, and the graph's inputs that are its first external buffers, by their numbers. */
export interface Bound {
  readonly program: Program
  readonly inputs: readonly number[]
}

/** A compiled graph. */
export interface Compiled extends Bound {
  /**
   * What runs each time. Its external buffers are `inputs`, then the values of all derivations, then `outputs`. `inputs`
   * are those that it reads or overwrites.
   */
  readonly program: Program
  /** The graph's outputs that have memory of their own, by their numbers; the others take over an input's. */
  readonly outputs: readonly number[]
  /** What is computed from persistent inputs only, once for each version of them. */
  readonly derivations: readonly Derivation[]
  /** A program that computes some of the derivations: its external buffers are `inputs`, then their values. */
  readonly prologue: (derivations: readonly number[]) => Bound
  /** The most bytes of the arena that are needed at one time: the lower bound on its size. */
  readonly liveBytes: number
}

/** Turns a graph into programs for the kernels described by `target`. */
export function compile(graph: Graph, target: Target): Compiled {
  const lowered = lower(optimize(graph), target)
  const fused = fuseOutputs(lowered.buffers, lowered.instructions.map(tidyLoop))
  const merged = dropUnread(lowered.buffers, mergeLoops(fused))
  const { buffers, instructions: ordered } = schedule(lowered.buffers, merged)
  const instructions = chainImages(buffers, ordered)
  const { main: whole, derivations } = divide(buffers, instructions)
  const { buffers: withParts, instructions: main } = passOverImages(buffers, whole)
  const values = derivations.flatMap((derivation) => derivation.values)
  const outputs = graph.outputs.flatMap((_, i) => ((graph.donations[i] ?? null) === null ? [i] : []))
  const { liveBytes, ...program } = assemble(withParts, main, values, outputs)
  return {
    ...program,
    outputs,
    derivations,
    prologue: prologueOf(buffers, derivations),
    liveBytes,
  }
}

/** A function of its own, which outlives the compilation and must not hold the graph. */
function prologueOf(
  buffers: readonly Buffer[],
  derivations: readonly DerivationCode[],
): Compiled['prologue'] {
  return (wanted) => {
    const chosen = wanted.map((i) => derivations[i]!)
    const { instructions, borrowed } = arrange(buffers, chosen)
    const values = chosen.flatMap((derivation) => derivation.values)
    const { program, inputs } = assemble(buffers, instructions, values, [], borrowed)
    return { program, inputs }
  }
}

/** The inputs that the instructions read or overwrite, in ascending order. */
function inputsOf(buffers: readonly Buffer[], instructions: readonly Instruction[]): number[] {
  const found = new Set<number>()
  for (const { slot } of instructions.flatMap(slotsOf)) {
    const external = placeOf(buffers, slot)
    if (external?.kind === 'input') found.add(external.index)
  }
  return [...found].sort((a, b) => a - b)
}

/** Donated outputs are in the place of their inputs. */
function placeOf(buffers: readonly Buffer[], slot: SlotId): Buffer['external'] {
  const { external, donor } = buffers[slot]!
  return donor === null ? external : buffers[donor]!.external
}

/**
 * A program of these instructions, its own intermediate values planned into one arena. Its external buffers are the inputs
 * that it touches, then `values`, then `outputs`. `borrowed`: intermediate values in the place of one of `values` each.
 */
function assemble(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  values: readonly SlotId[],
  outputs: readonly number[],
  borrowed: ReadonlyMap<SlotId, SlotId> = new Map(),
): Bound & { liveBytes: number } {
  const inputs = inputsOf(buffers, instructions)
  const numberOf = {
    input: new Map(inputs.map((input, i) => [input, i])),
    value: new Map(values.map((slot, i) => [slot, inputs.length + i])),
    output: new Map(outputs.map((output, i) => [output, inputs.length + values.length + i])),
  }
  const externalOf = (slot: SlotId): number | undefined => {
    const external = placeOf(buffers, slot)
    return external === null
      ? numberOf.value.get(borrowed.get(slot) ?? slot)
      : numberOf[external.kind].get(external.index)
  }
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
    program: {
      slots,
      instructions: placed,
      arenaBytes: plan.arenaBytes,
      exactSums: placed.some(({ op }) => op === 'conv2dWeightGrad'),
      externals: inputs.length + values.length + outputs.length,
    },
    inputs,
    liveBytes: plan.liveBytes,
  }
}
