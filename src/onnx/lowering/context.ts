import type { Composite, CompositeKind } from '../../graph/composite.ts'
import type { DType } from '../../graph/dtype.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import { scalar } from '../../graph/ops/index.ts'
import type { WeightTensor } from '../../weights/index.ts'
import { elementTypeOf, type GraphBuilder } from '../export-builder.ts'
import { type Dimension, type Dimensions, isFixed, sameDimension, type Twins } from '../export-dimensions.ts'
import { type Attribute, type Attributes, type ElementType, elementTypes, int, ints } from '../model.ts'

/** Writes a primitive as nodes of ONNX; returns the name of its value. */
export type Lowering<O extends Op> = (node: Node<O>, context: LoweringContext) => string

/** Writes a composed function as nodes of ONNX. */
export interface CompositeLowering<K extends CompositeKind> {
  /** Whether it can be written so in this operator set, or as its primitives otherwise; always unless given. */
  readonly accepts?: (composite: Composite<K>, context: LoweringContext, node: Node) => boolean
  readonly lower: (composite: Composite<K>, context: LoweringContext, node: Node) => string
}

/** What is known of the leaves and constants. */
export interface Constants {
  readonly nameOf: (node: Node) => string
  readonly valueOf: (node: Node) => WeightTensor
}

/** What lowerings read and write: the recorded values, their names in the graph, and the graph. */
export class LoweringContext {
  readonly builder: GraphBuilder
  readonly opset: number
  readonly #twins: Twins
  readonly #composites: ReadonlyMap<Node, Composite>
  readonly #values = new Map<Node, string>()
  readonly #constants: Constants
  readonly #operands: (node: Node) => readonly Node[]
  readonly #firstInput: string
  #batch: string | undefined
  readonly #memo = new Map<string, readonly string[]>()

  constructor(
    builder: GraphBuilder,
    twins: Twins,
    composites: ReadonlyMap<Node, Composite>,
    constants: Constants,
    operands: (node: Node) => readonly Node[],
    firstInput: string,
  ) {
    this.builder = builder
    this.opset = builder.opset
    this.#twins = twins
    this.#composites = composites
    this.#constants = constants
    this.#operands = operands
    this.#firstInput = firstInput
  }

  /** Gives a value its name in the graph. */
  bind(node: Node, name: string): void {
    this.#values.set(node, name)
  }

  /** The name of a value that is an input, a constant, or written already. */
  value(node: Node): string {
    const source = this.#resolve(node)
    const known = this.#values.get(source)
    if (known !== undefined) return known
    const { builder } = this
    const name =
      isOp(source, 'full') && source.storage === undefined
        ? this.#full(source)
        : builder.initializer(this.#constants.nameOf(source), this.#constants.valueOf(source))
    this.bind(source, name)
    return name
  }

  /** The names of a composed function's inputs, '' for those left out. */
  values(inputs: readonly (Node | null)[]): string[] {
    return inputs.map((input) => (input === null ? '' : this.value(input)))
  }

  /** What a primitive reads: its inputs, without copies and without the broadcasting that ONNX does by itself. */
  operands(node: Node): readonly Node[] {
    return this.#operands(node)
  }

  #full(node: Node<'full'>): string {
    const dimensions = this.dimensions(node)
    const { value, dtype, shape } = node.attrs
    if (dimensions.every(isFixed)) return this.builder.filled(shape, value, dtype)
    return this.builder.emit('Expand', [this.builder.constant(value, dtype), this.shape(dimensions)])
  }

  #resolve(node: Node): Node {
    return resolved(node, this.#composites)
  }

  /** The sizes of a value. */
  dimensions(node: Node): Dimensions {
    return this.#twins.dimensions(node)
  }

  /** Sizes from a node's parameters: `pick` takes them from the parameters of this recording and of the other. */
  listOf<O extends Op>(node: Node<O>, pick: (node: Node<O>) => readonly number[]): Dimensions {
    return this.#twins.list(pick(node), pick(this.#twins.twinOf(node) as Node<O>))
  }

  /** Adds a node and returns the name of its value. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.builder.emit(op, inputs, attributes)
  }

  cast(value: string, dtype: DType | ElementType): string {
    const type = Object.hasOwn(elementTypes, dtype) ? (dtype as ElementType) : elementTypeOf[dtype as DType]
    return this.builder.cast(value, type)
  }

  /** A number as a constant of the dtype. */
  number(value: number, dtype: DType): string {
    return this.builder.constant(value, dtype)
  }

  integers(values: readonly number[] | number): string {
    return this.builder.integers(values)
  }

  /** What is written once for the key, however often it is asked for. */
  once(key: string, write: () => readonly string[]): readonly string[] {
    const known = this.#memo.get(key) ?? write()
    this.#memo.set(key, known)
    return known
  }

  /** The batch size as int64 [1], read from the first input. */
  batch(): string {
    if (this.#batch === undefined) {
      const { builder } = this
      const { place } = builder
      builder.place = ''
      const shape = builder.emit('Shape', [this.#firstInput])
      this.#batch = builder.emit('Slice', [shape, builder.integers([0]), builder.integers([1])])
      builder.place = place
    }
    return this.#batch
  }

  /** A size as int64 [1]. */
  size(dimension: Dimension): string {
    if (isFixed(dimension)) return this.integers([dimension])
    if (dimension.batches === 1) return this.batch()
    if (Number.isInteger(dimension.batches)) {
      return this.emit('Mul', [this.batch(), this.integers([dimension.batches])])
    }
    const [over, under] = fraction(dimension.batches)
    return this.emit('Div', [this.emit('Mul', [this.batch(), this.integers([over])]), this.integers([under])])
  }

  /** A shape as int64 [rank]. */
  shape(dimensions: Dimensions): string {
    if (dimensions.every(isFixed)) return this.integers(dimensions)
    return this.emit(
      'Concat',
      dimensions.map((dimension) => this.size(dimension)),
      { axis: int(0) },
    )
  }

  /** The value in another shape. */
  reshape(value: string, from: Dimensions, to: Dimensions): string {
    if (from.length === to.length && from.every((d, i) => sameDimension(d, to[i]!))) return value
    // 0 copies the size at the same place, and one size may be left to be worked out.
    let open = -1
    const target = to.map((dimension, i) => {
      if (isFixed(dimension)) return dimension
      if (from[i] !== undefined && sameDimension(from[i]!, dimension)) return 0
      if (open < 0) {
        open = i
        return -1
      }
      return null
    })
    const simple = target.every((size) => size !== null) && !to.some((dimension) => dimension === 0)
    return this.emit('Reshape', [value, simple ? this.integers(target as number[]) : this.shape(to)])
  }

  /** The value broadcast to a shape. */
  expand(value: string, from: Dimensions, to: Dimensions): string {
    const offset = to.length - from.length
    const target = to.map((dimension, i) =>
      !isFixed(dimension) && i >= offset && sameDimension(from[i - offset]!, dimension) ? 1 : dimension,
    )
    return this.emit('Expand', [value, this.shape(target)])
  }

  transpose(value: string, axes: readonly number[]): string {
    return axes.every((axis, i) => axis === i) ? value : this.emit('Transpose', [value], { perm: ints(axes) })
  }

  /** Elements start to stop of axes, in steps that may be negative. */
  slice(
    value: string,
    axes: readonly number[],
    starts: readonly number[],
    stops: readonly number[],
    steps: readonly number[] = axes.map(() => 1),
  ): string {
    const inputs = [value, this.integers(starts), this.integers(stops), this.integers(axes)]
    return this.emit('Slice', steps.every((step) => step === 1) ? inputs : [...inputs, this.integers(steps)])
  }

  /** A reduction over axes, which are an attribute or an input, as the operator set wants it. */
  reduce(op: string, value: string, axes: readonly number[], keepdim: boolean, inputSince: number): string {
    const keepdims: Attribute = int(keepdim ? 1 : 0)
    if (this.opset >= inputSince) return this.emit(op, [value, this.integers(axes)], { keepdims })
    return this.emit(op, [value], { axes: ints(axes), keepdims })
  }
}

/** Past copies of a value, unless a composed function made them. */
export function resolved(node: Node, composites: ReadonlyMap<Node, Composite>): Node {
  let source = node
  while (source.op === 'identity' && source.storage === undefined && !composites.has(source)) {
    source = source.inputs[0]!
  }
  return source
}

/**
 * Operands of an element-wise primitive without expansions that the operator does itself: an operand is replaced by what
 * was expanded as long as the others give the whole shape.
 */
export function unexpanded(
  inputs: readonly Node[],
  wanted: Dimensions,
  dimensionsOf: (node: Node) => Dimensions,
  source: (node: Node) => Node,
): Node[] {
  const operands = [...inputs]
  const covers = (): boolean =>
    wanted.every(
      (dimension, i) =>
        dimension === 1 ||
        operands.some((operand) => {
          const own = dimensionsOf(operand)
          const size = own[i - (wanted.length - own.length)]
          return size !== undefined && sameDimension(size, dimension)
        }),
    )
  for (const [i, input] of inputs.entries()) {
    if (input.storage !== undefined) continue
    const before = operands[i]!
    if (isOp(input, 'expand')) operands[i] = source(input.inputs[0]!)
    else if (isOp(input, 'full') && input.shape.length > 0)
      operands[i] = scalar(input.attrs.value, input.dtype)
    else continue
    if (!covers()) operands[i] = before
  }
  return operands
}

/** A ratio of small integers. */
function fraction(ratio: number): [over: number, under: number] {
  for (let under = 1; under <= 65536; under++) {
    const over = Math.round(ratio * under)
    if (Math.abs(over / under - ratio) < 1e-12) return [over, under]
  }
  throw new RangeError(`the size ${ratio} times the batch is no ratio of small numbers`)
}
