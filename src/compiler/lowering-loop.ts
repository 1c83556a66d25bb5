import type { DType } from '../graph/dtype.ts'
import { isOp, type Node } from '../graph/node.ts'
import { stridesOf } from '../graph/shape.ts'
import { microTypeOf } from './lowering-code.ts'
import {
  broadcastIndex,
  flatIndex,
  flipIndex,
  type Index,
  permuteIndex,
  reshapeIndex,
  rootIndex,
  SplitRequest,
  sameIndex,
  sliceIndex,
} from './lowering-index.ts'
import { isDense, type View } from './lowering-view.ts'
import type { MicroBinary, MicroOp, MicroUnary, Operand } from './program.ts'

/** What the building of a loop asks about values. */
export interface LoopContext {
  /** The value's memory, if it has been written. */
  viewOf(node: Node): View | null
  /** Writes the value to dense memory now, if it is not there. */
  materialise(node: Node): View
}

/** Steps in single-assignment form: registers below `inputs.length` are the inputs. */
export interface Loop {
  readonly dims: readonly number[]
  readonly inputs: readonly Operand[]
  readonly code: readonly MicroOp[]
  /** The register of the root's value. */
  readonly result: number
  /** Strides over the loop's dimensions of a value with these strides over the root's. */
  readonly stridesOver: (strides: readonly number[]) => number[]
}

const firstStep = 1 << 20

/** The loop over a node's elements that computes it from what is in memory. */
export function buildLoop(root: Node, context: LoopContext): Loop {
  const parts: number[][] = root.shape.map((size) => [size])
  for (;;) {
    const builder = new LoopBuilder(parts.flat(), context)
    const index = rootIndex(parts)
    try {
      const result = builder.read(root, index)
      return {
        dims: builder.dims,
        inputs: builder.inputs,
        code: builder.code,
        result,
        stridesOver: (strides) => flatIndex(index, strides, builder.dims).strides,
      }
    } catch (request) {
      if (!(request instanceof SplitRequest)) throw request
      split(parts, request)
    }
  }
}

function split(parts: number[][], { dim, inner }: SplitRequest): void {
  let first = 0
  for (const sizes of parts) {
    const p = dim - first
    if (p < sizes.length) {
      sizes.splice(p, 1, sizes[p]! / inner, inner)
      return
    }
    first += sizes.length
  }
}

class LoopBuilder {
  readonly inputs: Operand[] = []
  readonly code: MicroOp[] = []
  readonly dims: readonly number[]
  readonly #context: LoopContext
  readonly #known = new Map<Node, { index: Index; register: number }[]>()
  #nextStep = firstStep

  constructor(dims: readonly number[], context: LoopContext) {
    this.dims = dims
    this.#context = context
  }

  /** The register with the node's value at the index. */
  read(node: Node, index: Index): number {
    const known = this.#known.get(node)?.find((entry) => sameIndex(entry.index, index))
    if (known) return known.register
    const view = this.#context.viewOf(node)
    const register = view ? this.#load(view, index) : this.#compute(node, index)
    const entries = this.#known.get(node)
    if (entries) entries.push({ index, register })
    else this.#known.set(node, [{ index, register }])
    return register
  }

  #compute(node: Node, index: Index): number {
    const operand = node.inputs[0]!
    if (isOp(node, 'full')) return this.#constant(node.attrs.value, node.dtype)
    if (isOp(node, 'permute')) return this.read(operand, permuteIndex(index, node.attrs.axes))
    if (isOp(node, 'expand')) return this.read(operand, broadcastIndex(index, operand.shape, node.shape))
    if (isOp(node, 'slice')) return this.read(operand, sliceIndex(index, node.attrs))
    if (isOp(node, 'flip')) return this.read(operand, flipIndex(index, node.attrs.axes, node.shape))
    if (isOp(node, 'identity')) return this.read(operand, index)
    if (isOp(node, 'reshape')) return this.#reshape(node, index)
    if (isOp(node, 'cast')) return this.#cast(this.read(operand, index), operand.dtype, node.dtype)
    const registers = node.inputs.map((input) =>
      this.read(input, broadcastIndex(index, input.shape, node.shape)),
    )
    if (isOp(node, 'where')) {
      const [a, b, c] = registers as [number, number, number]
      return this.#step({ op: 'where', type: microTypeOf(node.dtype), out: 0, a, b, c })
    }
    const type = microTypeOf(operand.dtype)
    const [a, b] = registers as [number, number | undefined]
    const register = this.#step(
      b === undefined
        ? { op: node.op as MicroUnary, type, out: 0, a }
        : { op: node.op as MicroBinary, type, out: 0, a, b },
    )
    return node.dtype === 'uint8' && canOverflow.has(node.op)
      ? this.#step({ op: 'toUint8', type: 'i32', from: 'i32', out: 0, a: register })
      : register
  }

  #reshape(node: Node<'reshape'>, index: Index): number {
    const operand = node.inputs[0]!
    const view = this.#context.viewOf(operand)
    if (view === null || !isDense(view)) {
      const inner = reshapeIndex(index, operand.shape, node.shape, this.dims)
      if (inner) return this.read(operand, inner)
    }
    const dense = view && isDense(view) ? view : this.#context.materialise(operand)
    return this.#load({ ...dense, shape: node.shape, strides: stridesOf(node.shape) }, index)
  }

  #load(view: View, index: Index): number {
    const { offset, strides } = flatIndex(index, view.strides, this.dims)
    const operand: Operand = { slot: view.slot, dtype: view.dtype, offset: view.offset + offset, strides }
    const same = this.inputs.findIndex(
      (other) =>
        other.slot === operand.slot &&
        other.offset === operand.offset &&
        other.dtype === operand.dtype &&
        other.strides.every((stride, d) => stride === strides[d]),
    )
    return same >= 0 ? same : this.inputs.push(operand) - 1
  }

  #constant(value: number, dtype: DType): number {
    return this.#step({ op: 'const', type: microTypeOf(dtype), out: 0, value })
  }

  #cast(register: number, from: DType, to: DType): number {
    if (from === to) return register
    const a = register
    if (to === 'bool') return this.#step({ op: 'toBool', type: 'i32', from: microTypeOf(from), out: 0, a })
    if (to === 'uint8' && from !== 'bool') {
      return this.#step({ op: 'toUint8', type: 'i32', from: microTypeOf(from), out: 0, a })
    }
    if (microTypeOf(from) === microTypeOf(to)) return register
    return this.#step({ op: 'cast', type: microTypeOf(to), from: microTypeOf(from), out: 0, a })
  }

  #step(step: MicroOp): number {
    const out = this.#nextStep++
    this.code.push({ ...step, out })
    return out
  }
}

const canOverflow: ReadonlySet<string> = new Set(['neg', 'add', 'sub', 'mul'])
