import { slotsOf } from './instruction-slots.ts'
import { allocateRegisters, appendSteps, maxRegisters, renumbered } from './lowering-code.ts'
import type { Buffer } from './lowering-state.ts'
import type { Epilogue, EpilogueInput, Image, Instruction, MicroOp, Operand, SlotId } from './program.ts'

type Elementwise = Extract<Instruction, { op: 'elementwise' }>
type Producer = Extract<Instruction, { op: 'matmul' | 'conv2d' | 'conv2dInputGrad' | 'maxPool2d' }>

/** Kernels refuse more (maxEpilogueInputs in kernels/epilogue.h). */
const mostInputs = 32

/**
 * Lets products and pools do the element-wise loop that alone reads their result, before they store it: bias, residual,
 * activation, and the copy into a slice of a concatenated value. `instructions` write each buffer in one place.
 */
export function fuseOutputs(buffers: readonly Buffer[], instructions: readonly Instruction[]): Instruction[] {
  const { writers, readers } = accessors(instructions)
  const list: (Instruction | null)[] = [...instructions]
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.op !== 'elementwise' || instruction.outputs.length !== 1) continue
    const target = buffers[instruction.outputs[0]!.slot]!
    // An input overwritten in place must be written element by element.
    if (target.donor !== null) continue
    for (const { slot } of instruction.inputs) {
      const { external } = buffers[slot]!
      const [writer, ...others] = writers.get(slot) ?? []
      if (external !== null || writer === undefined || others.length > 0 || readers.get(slot)!.length > 1)
        continue
      const producer = list[writer]
      const fused = producer && isProducer(producer) ? fuse(producer, instruction, slot) : null
      if (!fused) continue
      list[writer] = null
      list[i] = fused
      const { slot: result } = instruction.outputs[0]!
      writers.set(
        result,
        writers.get(result)!.map((w) => (w === writer ? i : w)),
      )
      break
    }
  }
  return list.filter((instruction) => instruction !== null)
}

function accessors(instructions: readonly Instruction[]): {
  writers: Map<SlotId, number[]>
  readers: Map<SlotId, number[]>
} {
  const writers = new Map<SlotId, number[]>()
  const readers = new Map<SlotId, number[]>()
  const note = (map: Map<SlotId, number[]>, slot: SlotId, i: number): void => {
    const list = map.get(slot)
    if (list === undefined) map.set(slot, [i])
    else if (!list.includes(i)) list.push(i)
  }
  for (const [i, instruction] of instructions.entries()) {
    for (const { slot, kind } of slotsOf(instruction)) {
      if (kind !== 'read') note(writers, slot, i)
      if (kind !== 'write') note(readers, slot, i)
    }
  }
  return { writers, readers }
}

function isProducer(instruction: Instruction): instruction is Producer {
  return ['matmul', 'conv2d', 'conv2dInputGrad', 'maxPool2d'].includes(instruction.op)
}

/** What a producer writes, as rows of columns. */
interface Written {
  readonly slot: SlotId
  readonly offset: number
  readonly rows: number
  readonly columns: number
  readonly rowStride: number
}

function writtenBy(producer: Producer): Written | null {
  if (producer.op === 'matmul') {
    const { batch, m, n, c, batchStrides } = producer
    if (batch > 1 && batchStrides[2] !== m * c.stride) return null
    return { slot: c.slot, offset: c.offset, rows: batch * m, columns: n, rowStride: c.stride }
  }
  if (producer.op === 'maxPool2d' && (producer.layout !== 'nhwc' || !producer.values)) return null
  const { slot, offset, n, h, w, c, pixelStride } =
    producer.op === 'conv2dInputGrad' ? producer.dx : producer.y
  return { slot, offset, rows: n * h * w, columns: c, rowStride: pixelStride }
}

/** An operand of the loop as rows of columns like the producer's; null where it walks otherwise. */
function rowStrideOf(loop: Elementwise, operand: Operand, written: Written): number | null {
  const { dims } = loop
  const { strides } = operand
  const { rows, columns } = written
  if (dims.length === 1 && dims[0] === rows * columns) {
    if (strides[0] === 1 && rows > 1) return columns
    if (rows === 1 && strides[0] === 1) return columns
    return columns === 1 && strides[0]! > 0 ? strides[0]! : null
  }
  if (dims.length === 2 && dims[0] === rows && dims[1] === columns && strides[1] === 1 && strides[0]! >= 0) {
    return strides[0]!
  }
  return null
}

function fuse(producer: Producer, loop: Elementwise, slot: SlotId): Producer | null {
  const written = writtenBy(producer)
  const source = loop.inputs.findIndex((operand) => operand.slot === slot)
  const read = loop.inputs[source]!
  const output = loop.outputs[0]!
  if (written === null || written.slot !== slot || written.offset !== read.offset) return null
  if (loop.inputs.some((operand) => operand.dtype !== 'float32') || output.dtype !== 'float32') return null
  if (rowStrideOf(loop, read, written) !== written.rowStride) return null
  const rowStride = rowStrideOf(loop, output, written)
  if (rowStride === null || rowStride < written.columns) return null
  const plain = loop.code.length === 0
  if (producer.op === 'maxPool2d') {
    return plain && producer.indices === null ? placed(producer, output, rowStride) : null
  }
  if (plain) return loop.inputs.length === 1 ? placed(producer, output, rowStride) : null
  const then = epilogueOf(loop, source, written)
  const epilogue = then && joined(producer.epilogue, then)
  return epilogue && { ...placed(producer, output, rowStride), epilogue }
}

/** Both, one after the other; null where that is more than a kernel does. */
function joined(first: Epilogue | null, then: Epilogue): Epilogue | null {
  if (first === null) return then
  const inputs = [...first.inputs]
  const places = then.inputs.map((input) => {
    const known = inputs.findIndex((other) => isSame(input, other))
    return 1 + (known < 0 ? inputs.push(input) - 1 : known)
  })
  if (inputs.length > mostInputs) return null
  const steps: MicroOp[] = []
  const operands = 1 + inputs.length
  const of = appendSteps(steps, operands, first.code, (operand) => operand)
  const product = of(first.result)
  const after = appendSteps(steps, operands, then.code, (operand) =>
    operand === 0 ? product : places[operand - 1]!,
  )
  const { code, results, registers } = allocateRegisters(steps, operands, [after(then.result)])
  return registers > maxRegisters ? null : { inputs, code, registers, result: results[0]! }
}

function isSame(a: EpilogueInput, b: EpilogueInput): boolean {
  const rowStride = (input: EpilogueInput): number => (input.kind === 'full' ? input.rowStride : 0)
  return a.kind === b.kind && a.slot === b.slot && a.offset === b.offset && rowStride(a) === rowStride(b)
}

function epilogueOf(loop: Elementwise, source: number, written: Written): Epilogue | null {
  const inputs: EpilogueInput[] = []
  for (const [i, operand] of loop.inputs.entries()) {
    if (i === source) continue
    const rowStride = rowStrideOf(loop, operand, written)
    if (rowStride === null || (rowStride !== 0 && rowStride < written.columns)) return null
    const { slot, offset } = operand
    inputs.push(
      rowStride === 0 ? { kind: 'column', slot, offset } : { kind: 'full', slot, offset, rowStride },
    )
  }
  if (inputs.length > mostInputs) return null
  // The product comes first among the registers of an epilogue.
  const register = (r: number): number => (r === source ? 0 : r < source ? r + 1 : r)
  return {
    inputs,
    code: loop.code.map((step) => renumbered(step, register(step.out), register)),
    registers: Math.max(loop.registers, 1),
    result: register(loop.results[0]!),
  }
}

/** The producer writing where the loop would. */
function placed<P extends Producer>(producer: P, output: Operand, rowStride: number): P {
  const { slot, offset } = output
  if (producer.op === 'matmul') {
    const batchStrides = [producer.batchStrides[0], producer.batchStrides[1], producer.m * rowStride]
    return { ...producer, c: { slot, offset, stride: rowStride }, batchStrides }
  }
  const image = (i: Image): Image => ({ ...i, slot, offset, pixelStride: rowStride })
  if (producer.op === 'conv2dInputGrad') return { ...producer, dx: image(producer.dx) }
  return { ...producer, y: image(producer.y) }
}
