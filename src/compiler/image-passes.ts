import { slotsOf, withSlots } from './instruction-slots.ts'
import type { Buffer } from './lowering-state.ts'
import type { ChainStage, Epilogue, Image, Instruction, Matrix, Operand, SlotId } from './program.ts'

/** A value of fewer bytes is worth no passes: most of it is still in a cache when it is read. */
const leastBytes = 4 << 20
/** Bytes of the values between the instructions that a pass may hold, so that they stay in the caches. */
const mostHeld = 4 << 20
/** Weights of as many bytes stay in a cache from pass to pass. */
const fewBytes = 256 << 10
/** Each is a copy of the instructions. */
const mostPasses = 64

/**
 * Has instructions that hand large values of many images on run for some images after the others, where all of them compute
 * each image by itself: what lies between them, such as the image that is squeezed, excited and multiplied, then stays in
 * the caches. Instructions are given, and come, in the order they run.
 */
export function passOverImages(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
): { buffers: readonly Buffer[]; instructions: Instruction[] } {
  const all = [...buffers]
  const spans = spansOf(instructions)
  const result: Instruction[] = []
  for (let i = 0; i < instructions.length; ) {
    const group = groupFrom(i, buffers, instructions, spans)
    if (group === null) {
      result.push(instructions[i++]!)
      continue
    }
    const { until, images, atOnce, inner } = group
    for (let image = 0; image < images; image += atOnce) {
      const own = new Map<SlotId, SlotId>()
      for (const slot of inner) {
        const bytes = (buffers[slot]!.bytes / images) * atOnce
        own.set(slot, all.push({ bytes, external: null, donor: null }) - 1)
      }
      const first = (slot: SlotId): number => (own.has(slot) ? 0 : image)
      for (let j = i; j < until; j++) {
        const { instruction } = partOf(instructions[j]!, buffers, images, first, atOnce)!
        result.push(withSlots(instruction, (slot) => own.get(slot) ?? slot))
      }
    }
    i = until
  }
  return { buffers: all, instructions: result }
}

/** The instructions that name a slot. */
interface Span {
  readonly first: number
  last: number
}

function spansOf(instructions: readonly Instruction[]): Map<SlotId, Span> {
  const spans = new Map<SlotId, Span>()
  for (const [i, instruction] of instructions.entries()) {
    for (const { slot } of slotsOf(instruction)) {
      const span = spans.get(slot)
      if (span === undefined) spans.set(slot, { first: i, last: i })
      else span.last = i
    }
  }
  return spans
}

interface Group {
  readonly until: number
  readonly images: number
  readonly atOnce: number
  /** The values that nothing outside of the group names. */
  readonly inner: readonly SlotId[]
}

/** The instructions from one that writes a large value on, as long as such values are handed on and each can be divided. */
function groupFrom(
  start: number,
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
  spans: ReadonlyMap<SlotId, Span>,
): Group | null {
  const images = imagesOf(instructions[start]!)
  if (images === null || images < 2) return null
  const isLarge = (slot: SlotId): boolean =>
    buffers[slot]!.external === null && spans.get(slot)!.first >= start && buffers[slot]!.bytes >= leastBytes
  const whole = (): number => 0
  const written = new Set<SlotId>()
  const readWhole = new Set<SlotId>()
  let until = start
  for (let open = start + 1; until < open && until < instructions.length; until++) {
    const instruction = instructions[until]!
    const accesses = slotsOf(instruction)
    const part = partOf(instruction, buffers, images, whole, images)
    if (part === null || rereadsMuch(instruction, buffers, images)) break
    // What is written image by image must be read so too, and in this order.
    if (accesses.some(({ slot }) => buffers[slot]!.donor !== null)) break
    if (accesses.some(({ slot }) => written.has(slot) && !part.divided.has(slot))) break
    if (accesses.some(({ slot, kind }) => kind !== 'read' && readWhole.has(slot))) break
    for (const { slot, kind } of accesses) {
      if (!part.divided.has(slot)) readWhole.add(slot)
      if (kind === 'read') continue
      written.add(slot)
      if (isLarge(slot)) open = Math.max(open, spans.get(slot)!.last + 1)
    }
  }
  const inner = [...written].filter((slot) => {
    const { first, last } = spans.get(slot)!
    return buffers[slot]!.external === null && first >= start && last < until
  })
  if (!inner.some(isLarge)) return null
  const held = mostBytesAtOnce(start, until, buffers, inner, spans)
  let atOnce = images
  while (atOnce > 0 && (images % atOnce !== 0 || (held / images) * atOnce > mostHeld)) atOnce--
  return atOnce === 0 || atOnce === images || images / atOnce > mostPasses
    ? null
    : { until, images, atOnce, inner }
}

/** The most bytes of the values that are needed at one time. */
function mostBytesAtOnce(
  start: number,
  until: number,
  buffers: readonly Buffer[],
  inner: readonly SlotId[],
  spans: ReadonlyMap<SlotId, Span>,
): number {
  let most = 0
  for (let i = start; i < until; i++) {
    const live = inner.filter((slot) => spans.get(slot)!.first <= i && spans.get(slot)!.last >= i)
    most = Math.max(
      most,
      live.reduce((sum, slot) => sum + buffers[slot]!.bytes, 0),
    )
  }
  return most
}

/** How many images the result of an instruction has that hands images on; null for others. */
function imagesOf(instruction: Instruction): number | null {
  if (instruction.op === 'chain') return instruction.stages[0]!.x.n
  return instruction.op === 'conv2d' || instruction.op === 'maxPool2d' ? instruction.y.n : null
}

/** Whether weights, which every pass reads, are more than what a pass computes with them. */
function rereadsMuch(instruction: Instruction, buffers: readonly Buffer[], images: number): boolean {
  if (instruction.op === 'chain')
    return instruction.stages.some((stage) => rereadsMuch(stage, buffers, images))
  const bytesOf = ({ c, h, w }: Image): number => 4 * c * h * w
  if (instruction.op === 'conv2d') {
    return (
      buffers[instruction.weight.slot]!.bytes >
      Math.max(bytesOf(instruction.x) + bytesOf(instruction.y), fewBytes)
    )
  }
  return instruction.op === 'matmul' && 4 * instruction.k * instruction.n > fewBytes
}

interface Part {
  readonly instruction: Instruction
  /** The slots that are accessed image by image. */
  readonly divided: ReadonlySet<SlotId>
}

/**
 * The instruction for `count` of its images from `first(slot)` on in each slot that holds images; null where it does not
 * compute them by themselves.
 */
function partOf(
  instruction: Instruction,
  buffers: readonly Buffer[],
  images: number,
  first: (slot: SlotId) => number,
  count: number,
): Part | null {
  const divided = new Set<SlotId>()
  /** Elements from one image to the next. */
  const strideOf = (slot: SlotId): number => buffers[slot]!.bytes / 4 / images
  const moved = (slot: SlotId, offset: number): number => {
    divided.add(slot)
    return offset + first(slot) * strideOf(slot)
  }
  const imagePart = (image: Image): Image | null => {
    const { slot, n, h, w, pixelStride, offset } = image
    if (n !== images || h * w * pixelStride !== strideOf(slot)) return null
    return { ...image, n: count, offset: moved(slot, offset) }
  }
  const epiloguePart = (epilogue: Epilogue | null, rows: number): Epilogue | null | undefined => {
    if (epilogue === null) return null
    const inputs = epilogue.inputs.map((input) => {
      if (input.kind === 'column') return input
      if (rows * input.rowStride !== strideOf(input.slot)) return null
      return { ...input, offset: moved(input.slot, input.offset) }
    })
    return inputs.includes(null) ? undefined : { ...epilogue, inputs: inputs as Epilogue['inputs'] }
  }
  const rowPart = (matrix: Matrix): Matrix | null =>
    matrix.stride === strideOf(matrix.slot) ? { ...matrix, offset: moved(matrix.slot, matrix.offset) } : null
  const divide = (i: Instruction): Instruction | null => {
    switch (i.op) {
      case 'conv2d': {
        const [x, y, epilogue] = [imagePart(i.x), imagePart(i.y), epiloguePart(i.epilogue, i.y.h * i.y.w)]
        return x && y && epilogue !== undefined ? { ...i, x, y, epilogue } : null
      }
      case 'maxPool2d': {
        if (i.indices !== null || i.layout !== 'nhwc') return null
        const [x, y] = [imagePart(i.x), imagePart(i.y)]
        return x && y && { ...i, x, y }
      }
      case 'chain':
        return chainPart(i)
      case 'matmul': {
        if (i.batch !== 1 || i.m !== images || i.transposeA) return null
        const [a, c, epilogue] = [rowPart(i.a), rowPart(i.c), epiloguePart(i.epilogue, 1)]
        return a && c && epilogue !== undefined ? { ...i, m: count, a, c, epilogue } : null
      }
      case 'elementwise':
      case 'reduce':
        return loopPart(i)
      default:
        return null
    }
  }
  const chainPart = (chain: Extract<Instruction, { op: 'chain' }>): Instruction | null => {
    // What is between the stages is never held as a whole.
    const stages = chain.stages.map((stage, s) => {
      const part = divide(stage) as ChainStage | null
      const x = s === 0 ? part?.x : { ...stage.x, n: count }
      const y = s === chain.stages.length - 1 ? part?.y : { ...stage.y, n: count }
      return part && ({ ...part, x: x!, y: y! } as ChainStage)
    })
    return stages.includes(null) ? null : { ...chain, stages: stages as ChainStage[] }
  }
  const loopPart = (loop: Extract<Instruction, { op: 'elementwise' | 'reduce' }>): Instruction | null => {
    const [size, ...dims] = loop.dims
    if (size === undefined || size % images !== 0 || (loop.op === 'reduce' && loop.reduced[0])) return null
    const own = size / images
    const operandPart = (operand: Operand): Operand | null => {
      const stride = operand.strides[0]! * own
      if (stride === 0) return operand
      if (stride !== strideOf(operand.slot) || operand.dtype !== 'float32') return null
      return { ...operand, offset: moved(operand.slot, operand.offset) }
    }
    const [inputs, outputs] = [loop.inputs.map(operandPart), loop.outputs.map(operandPart)]
    if (inputs.includes(null) || outputs.includes(null)) return null
    if (outputs.some((operand) => operand!.strides[0] === 0)) return null
    return {
      ...loop,
      dims: [own * count, ...dims],
      inputs: inputs as Operand[],
      outputs: outputs as Operand[],
    }
  }
  const part = divide(instruction)
  return part && { instruction: part, divided }
}
