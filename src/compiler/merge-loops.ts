import { slotsOf } from './instruction-slots.ts'
import { allocateRegisters, appendSteps, maxLoads, maxRegisters } from './lowering-code.ts'
import type { Instruction, MicroOp, Operand, SlotId } from './program.ts'
import { samePlaces } from './schedule.ts'

type Elementwise = Extract<Instruction, { op: 'elementwise' }>

/**
 * Makes one loop of element-wise loops over the same dimensions where the later one reads what the earlier one writes,
 * as an optimizer's steps for one parameter do.
 */
export function mergeLoops(instructions: readonly Instruction[]): Instruction[] {
  const list: (Instruction | null)[] = [...instructions]
  const writers = new Map<SlotId, number[]>()
  for (const [j, instruction] of instructions.entries()) {
    let place = j
    if (instruction.op === 'elementwise') {
      const earlier = nearestWriter(instruction, writers)
      const first = earlier === undefined ? null : list[earlier]
      if (
        earlier !== undefined &&
        first?.op === 'elementwise' &&
        isReadyAt(earlier, instruction, first, writers)
      ) {
        const merged = merge(first, instruction)
        if (merged) {
          list[earlier] = merged
          list[j] = null
          place = earlier
        }
      }
    }
    for (const { slot, kind } of slotsOf(instruction)) {
      if (kind === 'read') continue
      const known = writers.get(slot)
      if (known) known.push(place)
      else writers.set(slot, [place])
    }
  }
  return list.filter((instruction) => instruction !== null)
}

/** The last instruction so far that writes something this loop reads. */
function nearestWriter(
  loop: Elementwise,
  writers: ReadonlyMap<SlotId, readonly number[]>,
): number | undefined {
  let nearest: number | undefined
  for (const { slot } of loop.inputs) {
    for (const writer of writers.get(slot) ?? [])
      if (nearest === undefined || writer > nearest) nearest = writer
  }
  return nearest
}

/**
 * Whether everything that the loop reads, but for what `first` itself writes, is written before `place`, and so is what it
 * writes over (the fill of a padded value, the base of a sum).
 */
function isReadyAt(
  place: number,
  loop: Elementwise,
  first: Elementwise,
  writers: ReadonlyMap<SlotId, readonly number[]>,
): boolean {
  const own = new Set(first.outputs.map(({ slot }) => slot))
  const read = loop.inputs.every(({ slot }) =>
    (writers.get(slot) ?? []).every((w) => w < place || (w === place && own.has(slot))),
  )
  return read && loop.outputs.every(({ slot }) => (writers.get(slot) ?? []).every((w) => w < place))
}

function merge(first: Elementwise, second: Elementwise): Elementwise | null {
  const { dims } = first
  if (dims.length !== second.dims.length || dims.some((size, d) => size !== second.dims[d])) return null
  const inputs: Operand[] = [...first.inputs]
  const written = new Map<Operand, number>()
  for (const operand of second.inputs) {
    const output = first.outputs.findIndex(({ slot }) => slot === operand.slot)
    if (output < 0) {
      if (!inputs.some((known) => isSame(dims, known, operand))) inputs.push(operand)
    } else if (samePlaces(dims, first.outputs[output]!, operand)) {
      written.set(operand, output)
    } else {
      return null
    }
  }
  if (inputs.length > maxLoads) return null
  const steps: MicroOp[] = []
  const firstRegisters = appendSteps(steps, inputs.length, first.code, (i) => i)
  const results = first.results.map((register) => firstRegisters(register))
  const secondRegisters = appendSteps(steps, inputs.length, second.code, (i) => {
    const operand = second.inputs[i]!
    const output = written.get(operand)
    return output === undefined ? inputs.findIndex((known) => isSame(dims, known, operand)) : results[output]!
  })
  results.push(...second.results.map((register) => secondRegisters(register)))
  const allocated = allocateRegisters(steps, inputs.length, results)
  if (allocated.registers > maxRegisters) return null
  return { ...first, inputs, outputs: [...first.outputs, ...second.outputs], ...allocated }
}

function isSame(dims: readonly number[], a: Operand, b: Operand): boolean {
  return a.slot === b.slot && samePlaces(dims, a, b)
}
