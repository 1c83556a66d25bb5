import { type Attributes, elementTypes, float, int } from '../../../onnx/model.ts'
import { type Layout, plainLayout } from '../layout.ts'
import type { Operation, ResultOptions } from '../operation.ts'
import { batchedAny } from './linear.ts'

/** Operands of an operator that takes elements of broadcast tensors, all in one layout. */
interface Operands {
  readonly names: readonly string[]
  readonly layout: Layout
  readonly batched: boolean
}

/** The operands at the given positions; constants of fewer axes get axes of one index in front, as broadcasting does. */
export function operands(op: Operation, positions: readonly number[]): Operands {
  const indices = positions.map((position) => op.input(position))
  const rank = Math.max(...indices.map((index) => op.t.rank(index)))
  const layout = op.commonLayout(indices, rank, plainLayout(rank))
  const batched = batchedAny(op, rank)
  const names = indices.map((index) => {
    const own = op.t.tensor(index).shape
    const missing = rank - own.length
    if (missing === 0) return op.t.input(index, layout)
    if (op.t.isConstant(index)) {
      const shape = [...new Array<number>(missing).fill(1), ...own]
      const isScalar = own.every((d) => d === 1)
      return op.t.constant(
        index,
        isScalar ? { shape: own, order: plainLayout(own.length) } : { shape, order: layout },
      )
    }
    // The batch of this one would stand at another axis than that of the others.
    const value = op.t.value(index)
    if (value.batched) op.t.batchFixed = true
    const plain = op.t.input(index, plainLayout(own.length))
    const name = op.t.emit('Unsqueeze', [plain, op.t.integers(plainLayout(missing))])
    const dims = [...new Array<number>(missing).fill(1), ...op.t.dims(index)]
    return op.t.arranged({ ...value, name, layout: plainLayout(rank), batched: false }, dims, layout)
  })
  return { names, layout, batched }
}

/** An operator of two tensors that is one of ONNX; its fused activation is the first of its options, where it has any. */
export function binary(onnx: string, fuses = false): (op: Operation) => void {
  return (op) => {
    const { names, layout, batched } = operands(op, [0, 1])
    op.result(op.t.emit(onnx, names), layout, { activation: fuses ? op.enum(0) : 0, batched })
  }
}

/** An operator of one tensor that is one of ONNX. */
export function unary(
  onnx: string,
  options: ResultOptions = {},
  attributes: Attributes = {},
): (op: Operation) => void {
  return (op) => {
    const { names, layout, batched } = operands(op, [0])
    op.result(op.t.emit(onnx, names, attributes), layout, { ...options, batched })
  }
}

/** An operator of one tensor that only bounds it. */
export function bounded(activation: number): (op: Operation) => void {
  return (op) => {
    const x = op.input(0)
    if (op.t.isConstant(x)) op.refuse('an input that is constant')
    const value = op.t.value(x)
    op.result(value.name, value.layout, { ...value, activation })
  }
}

export function relu0To1(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  op.result(op.t.emit('Clip', [names[0], op.t.scalar(0), op.t.scalar(1)]), layout, {
    low: 0,
    high: 1,
    batched,
  })
}

export function leakyRelu(op: Operation): void {
  unary('LeakyRelu', {}, { alpha: float(op.float(0)) })(op)
}

export function pRelu(op: Operation): void {
  const x = op.input(0)
  const slope = op.input(1)
  const rank = op.t.rank(x)
  const own = op.t.tensor(slope).shape
  if (!op.t.isConstant(slope) || own.length >= rank) {
    const { names, layout, batched } = operands(op, [0, 1])
    op.result(op.t.emit('PRelu', names), layout, { batched })
    return
  }
  // ONNX's slope is [c, 1, 1] for images, TensorFlow's [1, 1, c].
  const layout = op.t.value(x).layout
  const shape = [...new Array<number>(rank - own.length).fill(1), ...own]
  const channels = op.t.constant(slope, { shape, order: layout })
  op.result(op.t.emit('PRelu', [op.t.input(x, layout), channels]), layout, { batched: op.t.value(x).batched })
}

export function squaredDifference(op: Operation): void {
  const { names, layout, batched } = operands(op, [0, 1])
  const difference = op.t.emit('Sub', names)
  op.result(op.t.emit('Mul', [difference, difference]), layout, { low: 0, batched })
}

export function square(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  op.result(op.t.emit('Mul', [names[0], names[0]]), layout, { low: 0, batched })
}

export function reciprocalSquareRoot(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  op.result(op.t.emit('Reciprocal', [op.t.emit('Sqrt', names)]), layout, { low: 0, batched })
}

export function floorDivide(op: Operation): void {
  const { names, layout, batched } = operands(op, [0, 1])
  op.result(op.t.emit('Floor', [op.t.emit('Div', names)]), layout, { batched })
}

/** Exact, or by the hyperbolic tangent: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
export function gelu(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  const x = names[0]!
  const { t } = op
  const times = (a: string, factor: number): string => t.emit('Mul', [a, t.scalar(factor)])
  const plus = (a: string, term: number): string => t.emit('Add', [a, t.scalar(term)])
  const curved = (): string => {
    const cubicFactor = plus(times(t.emit('Mul', [x, x]), 0.044715), 1)
    return t.emit('Tanh', [times(t.emit('Mul', [x, cubicFactor]), Math.sqrt(2 / Math.PI))])
  }
  const sigmoidal = op.bool(0) ? curved() : t.emit('Erf', [times(x, Math.SQRT1_2)])
  op.result(t.emit('Mul', [times(x, 0.5), plus(sigmoidal, 1)]), layout, { batched })
}

export function addMany(op: Operation): void {
  const { names, layout, batched } = operands(op, plainLayout(op.inputs.length))
  if (names.length === 0) op.fail('has no inputs')
  op.result(op.t.emit('Sum', names), layout, { batched })
}

/** From float to quantised and back, and from one scale to another. */
export function requantize(op: Operation): void {
  op.passOn(op.input(0))
}

/** Element types of the schema as those of ONNX. */
const castTypes: Readonly<Record<number, keyof typeof elementTypes>> = {
  0: 'FLOAT',
  1: 'FLOAT',
  2: 'INT32',
  3: 'UINT8',
  4: 'INT64',
  6: 'BOOL',
  9: 'INT8',
}

export function cast(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  op.result(castTo(op, names[0]!, op.t.tensor(op.output()).type), layout, { batched })
}

/** A value as elements of a type of the schema. */
export function castTo(op: Operation, name: string, type: number): string {
  const to = castTypes[type]
  if (to === undefined) return op.refuse(`a cast to element type ${type}`)
  return op.t.emit('Cast', [name], { to: int(elementTypes[to]) })
}

/** Element by element, one of two tensors by a third. */
export function select(op: Operation): void {
  const { names, layout, batched } = operands(op, [0, 1, 2])
  op.result(op.t.emit('Where', names), layout, { batched })
}
