import { slotsOf } from './instruction-slots.ts'
import { allocateRegisters, appendSteps, maxLoads, maxRegisters } from './lowering-code.ts'
import type { Instruction, MicroOp, Operand, SlotId } from './program.ts'
import { samePlaces } from './schedule.ts'

type Elementwise = Extract<Instruction, { op: 'elementwise' }>
type Reduce = Extract<Instruction, { op: 'reduce' }>

/**
 * Makes one loop of element-wise loops over the same dimensions where the later one reads what the earlier one writes,
 * as an optimizer's steps for one parameter do, and of reductions alike that read the same values, as the sums in the
 * gradient of a normalization do.
 */
export function mergeLoops(instructions: readonly Instruction[]): Instruction[] {
  const list: (Instruction | null)[] = [...instructions]
  const writers: Places = new Map()
  const reductions: Places = new Map()
  for (const [j, instruction] of instructions.entries()) {
    const found =
      instruction.op === 'elementwise'
        ? withEarlierLoop(instruction, list, writers)
        : instruction.op === 'reduce'
          ? withEarlierReduction(instruction, list, writers, reductions)
          : null
    if (found) {
      list[found.place] = found.merged
      list[j] = null
    }
    const place = found?.place ?? j
    for (const { slot, kind } of slotsOf(instruction)) if (kind !== 'read') note(writers, slot, place)
    if (instruction.op === 'reduce')
      for (const { slot } of readInFull(instruction)) note(reductions, slot, place)
  }
  return list.filter((instruction) => instruction !== null)
}

/** The instructions, by number, that do something with a slot. */
type Places = Map<SlotId, number[]>

interface Found {
  readonly place: number
  readonly merged: Instruction
}

function note(places: Places, slot: SlotId, place: number): void {
  const known = places.get(slot)
  if (known) known.push(place)
  else places.set(slot, [place])
}

function withEarlierLoop(
  loop: Elementwise,
  list: readonly (Instruction | null)[],
  writers: Places,
): Found | null {
  const place = nearestWriter(loop, writers)
  const first = place === undefined ? null : list[place]
  if (place === undefined || first?.op !== 'elementwise' || !isReadyAt(place, loop, first, writers))
    return null
  const merged = merge(first, loop)
  return merged && { place, merged }
}

/** The last instruction so far that writes something this loop reads. */
function nearestWriter(loop: Elementwise, writers: Places): number | undefined {
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
function isReadyAt(place: number, loop: Elementwise, first: Elementwise, writers: Places): boolean {
  const own = new Set(first.outputs.map(({ slot }) => slot))
  const read = loop.inputs.every(({ slot }) =>
    (writers.get(slot) ?? []).every((w) => w < place || (w === place && own.has(slot))),
  )
  return read && loop.outputs.every(({ slot }) => (writers.get(slot) ?? []).every((w) => w < place))
}

/** With the earliest reduction that walks one of its large operands in the same way. */
function withEarlierReduction(
  reduction: Reduce,
  list: readonly (Instruction | null)[],
  writers: Places,
  reductions: Places,
): Found | null {
  const shared = readInFull(reduction)
  const accessed = [...reduction.inputs, ...reduction.outputs]
  for (const place of new Set(shared.flatMap(({ slot }) => reductions.get(slot) ?? []))) {
    const first = list[place]
    if (first?.op !== 'reduce' || !isAlike(first, reduction)) continue
    if (!first.inputs.some((a) => shared.some((b) => isSame(reduction.dims, a, b)))) continue
    if (!accessed.every(({ slot }) => (writers.get(slot) ?? []).every((w) => w < place))) continue
    const merged = merge(first, reduction)
    if (merged) {
      const scales = [...first.scales, ...reduction.scales]
      return { place, merged: { ...merged, scales } }
    }
  }
  return null
}

/** Operands of which every step reads another element. */
function readInFull({ dims, inputs }: Reduce): Operand[] {
  return inputs.filter(({ strides }) => dims.every((size, d) => size === 1 || strides[d] !== 0))
}

function isAlike(a: Reduce, b: Reduce): boolean {
  return (
    a.kind === b.kind &&
    a.type === b.type &&
    a.dims.length === b.dims.length &&
    a.dims.every((size, d) => size === b.dims[d] && a.reduced[d] === b.reduced[d])
  )
}

function merge<L extends Elementwise | Reduce>(first: L, second: L): L | null {
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
