import { slotsOf, withSlots } from './instruction-slots.ts'
import type { Buffer } from './lowering-state.ts'
import type { Instruction, Operand, SlotId } from './program.ts'

/** Instructions in the order they run, with every buffer that takes over an input's memory safe to write. */
export interface Schedule {
  readonly buffers: readonly Buffer[]
  readonly instructions: readonly Instruction[]
}

/**
 * Orders instructions so that an input overwritten in place is read by all others first. Where that cannot be, or where
 * an instruction would overwrite what it is about to read, the new value is made beside the old one and copied at the end.
 */
export function schedule(buffers: readonly Buffer[], instructions: readonly Instruction[]): Schedule {
  return new Scheduler(buffers, instructions).run()
}

class Scheduler {
  readonly #buffers: Buffer[]
  readonly #instructions: Instruction[]
  readonly #accessors = new Map<SlotId, number[]>()
  /** Outputs whose new value is made beside the old one. */
  readonly #beside = new Set<SlotId>()

  constructor(buffers: readonly Buffer[], instructions: readonly Instruction[]) {
    this.#buffers = [...buffers]
    this.#instructions = [...instructions]
    for (const [i, instruction] of instructions.entries()) {
      for (const slot of new Set(slotsOf(instruction).map((access) => access.slot))) {
        append(this.#accessors, slot, i)
      }
    }
  }

  run(): Schedule {
    for (const [slot, { donor }] of this.#buffers.entries()) {
      if (donor !== null && !this.#writableInPlace(slot, donor)) this.#makeBeside(slot)
    }
    for (;;) {
      const result = this.#order()
      if (Array.isArray(result)) return { buffers: this.#buffers, instructions: result }
      this.#makeBeside(result)
    }
  }

  /** Whether no instruction reads an element of the donor after writing it. */
  #writableInPlace(slot: SlotId, donor: SlotId): boolean {
    const writers = (this.#accessors.get(slot) ?? [])
      .map((i) => this.#instructions[i]!)
      .filter((i) => slotsOf(i).some((access) => access.slot === slot && access.kind !== 'read'))
    if (!writers.some((i) => slotsOf(i).some((access) => access.slot === donor))) return true
    const [writer] = writers
    if (writers.length > 1 || writer!.op !== 'elementwise') return false
    const output = writer!.outputs.find((operand) => operand.slot === slot)!
    const { dims, inputs } = writer!
    return inputs.every((operand) => operand.slot !== donor || samePlaces(dims, operand, output))
  }

  #makeBeside(slot: SlotId): void {
    this.#beside.add(slot)
    const { bytes } = this.#buffers[slot]!
    const temporary = this.#buffers.push({ bytes, external: null, donor: null }) - 1
    const accessors = this.#accessors.get(slot) ?? []
    for (const i of accessors) {
      this.#instructions[i] = withSlots(this.#instructions[i]!, (s) => (s === slot ? temporary : s))
    }
    const copy = this.#instructions.push(copyOf(temporary, slot, bytes)) - 1
    this.#accessors.set(temporary, [...accessors, copy])
    this.#accessors.set(slot, [copy])
  }

  /** The order, or an output whose in-place write closes a circle. */
  #order(): Instruction[] | SlotId {
    const count = this.#instructions.length
    const users: number[][] = Array.from({ length: count }, () => [])
    const waiting = new Array<number>(count).fill(0)
    const after = (first: number, then: number): void => {
      if (first === then) return
      users[first]!.push(then)
      waiting[then]!++
    }
    const writers = new Map<SlotId, number[]>()
    const readers = new Map<SlotId, number[]>()
    for (const [i, instruction] of this.#instructions.entries()) {
      for (const { slot, kind } of slotsOf(instruction)) {
        for (const writer of writers.get(slot) ?? []) after(writer, i)
        if (kind !== 'read') {
          for (const reader of readers.get(slot) ?? []) after(reader, i)
          append(writers, slot, i)
        }
        if (kind !== 'write') append(readers, slot, i)
      }
    }
    for (const [slot, { donor }] of this.#buffers.entries()) {
      if (donor === null) continue
      const own = new Set(writers.get(slot))
      for (const reader of readers.get(donor) ?? []) {
        if (!own.has(reader)) for (const writer of own) after(reader, writer)
      }
    }
    const ready = new Heap()
    for (let i = 0; i < count; i++) if (waiting[i] === 0) ready.push(i)
    const order: Instruction[] = []
    const done = new Set<number>()
    for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
      order.push(this.#instructions[next]!)
      done.add(next)
      for (const user of users[next]!) if (--waiting[user]! === 0) ready.push(user)
    }
    if (order.length === count) return order
    for (const [slot, { donor }] of this.#buffers.entries()) {
      const blocked = donor !== null && writers.get(slot)?.some((i) => !done.has(i))
      if (blocked && !this.#beside.has(slot)) return slot
    }
    throw new Error('schedule: instructions wait for each other')
  }
}

function append(map: Map<SlotId, number[]>, slot: SlotId, i: number): void {
  const list = map.get(slot)
  if (list) list.push(i)
  else map.set(slot, [i])
}

/** Whether two operands of a loop name the same element at every step. */
export function samePlaces(dims: readonly number[], a: Operand, b: Operand): boolean {
  return (
    a.offset === b.offset &&
    a.dtype === b.dtype &&
    dims.every((size, d) => size === 1 || a.strides[d] === b.strides[d])
  )
}

function copyOf(from: SlotId, to: SlotId, bytes: number): Instruction {
  const words = bytes % 4 === 0
  const at = (slot: SlotId): Operand => ({
    slot,
    dtype: words ? 'int32' : 'uint8',
    offset: 0,
    strides: [1],
  })
  return {
    op: 'elementwise',
    dims: [words ? bytes / 4 : bytes],
    inputs: [at(from)],
    outputs: [at(to)],
    results: [0],
    code: [],
    registers: 1,
  }
}

/** Least number first. */
class Heap {
  readonly #items: number[] = []

  push(item: number): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (items[parent]! <= item) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): number | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child++
      if (items[child]! >= last) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}
