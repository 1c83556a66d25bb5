import { isOp, type Node } from '../graph/node.ts'
import { sizeOf, stridesOf } from '../graph/shape.ts'
import type { Graph } from './graph.ts'
import { allocateRegisters, maxLoads, maxRegisters, microTypeOf } from './lowering-code.ts'
import { aroundAxis, denseOf, emitInstruction, type InstructionContext } from './lowering-instructions.ts'
import { buildLoop, type Loop, type LoopContext } from './lowering-loop.ts'
import { movedView } from './lowering-movement.ts'
import {
  isElementwise,
  isMovement,
  isReduction,
  type LoweringPlan,
  meets,
  planLowering,
  type Requirement,
} from './lowering-plan.ts'
import { LoweringState } from './lowering-state.ts'
import { isDense, partOfView, type View } from './lowering-view.ts'
import type { Operand } from './program.ts'
import type { Target } from './target.ts'

/** Turns a graph (with its convolutions in nhwc) into instructions over buffers. */
export function lower(graph: Graph, target: Target): LoweringState {
  return new Lowering(graph, target).run()
}

class Lowering implements LoopContext, InstructionContext {
  readonly state = new LoweringState()
  readonly target: Target
  readonly differentiates: boolean
  readonly #graph: Graph
  readonly #plan: LoweringPlan
  readonly #memory = new Map<Node, View>()
  readonly #copies = new Map<Node, View>()
  readonly #results = new Map<Node, View>()
  readonly #pooled = new Map<Node, Node<'poolGather'>>()
  readonly #constantSlots = new Set<number>()
  readonly #iotas = new Map<string, View>()

  constructor(graph: Graph, target: Target) {
    this.#graph = graph
    this.target = target
    this.#plan = planLowering(graph)
    this.differentiates = this.#plan.order.some(({ op }) => op === 'conv2dWeightGrad')
  }

  run(): LoweringState {
    const inputs = this.#addInputs()
    const outputs = this.#addOutputs(inputs)
    this.#pairPools()
    for (const node of this.#plan.order) if (!this.#memory.has(node)) this.#visit(node)
    for (const [i, node] of this.#graph.outputs.entries()) {
      const view = outputs[i]!
      if (this.#memory.get(node)?.slot !== view.slot) this.#write(this.#loop(node), view)
    }
    return this.state
  }

  #addInputs(): View[] {
    const donated = new Set(this.#graph.donations)
    return this.#graph.inputs.map((node, index) => {
      const constant = (node as Node<'input'>).attrs.persistent && !donated.has(index)
      const view = this.state.external(node.dtype, node.shape, { kind: 'input', index, constant })
      if (constant) this.#constantSlots.add(view.slot)
      this.#memory.set(node, view)
      return view
    })
  }

  #addOutputs(inputs: readonly View[]): View[] {
    return this.#graph.outputs.map((node, index) => {
      const donor = this.#graph.donations[index]
      const slot = donor === null || donor === undefined ? null : inputs[donor]!.slot
      const view = this.state.external(node.dtype, node.shape, { kind: 'output', index }, slot)
      if (node.op !== 'input' && !this.#results.has(node)) this.#results.set(node, view)
      return view
    })
  }

  #pairPools(): void {
    for (const node of this.#plan.order) {
      if (!isOp(node, 'poolGather')) continue
      const [x, indices] = [node.inputs[0]!, node.inputs[1]!]
      if (!isOp(indices, 'maxPool2dIndices') || indices.inputs[0] !== x || this.#pooled.has(indices)) continue
      if (indices.attrs.layout === node.attrs.layout && x.dtype === 'float32') this.#pooled.set(indices, node)
    }
  }

  #visit(node: Node): void {
    const scaled = this.#plan.scaledSums.get(node)
    if (scaled) return this.#reduce(node, scaled.sum, scaled.scale)
    if (!this.#plan.materialised.has(node)) return
    if (sizeOf(node.shape) === 0) {
      this.result(node)
    } else if (node.op === 'full' || isElementwise(node) || isMovement(node)) {
      this.materialise(node)
    } else if (isReduction(node)) {
      this.#reduce(node, node, 1)
    } else if (isOp(node, 'iota')) {
      if (this.#results.has(node)) this.#write(this.#loop(node), this.result(node))
    } else if (isOp(node, 'concat')) {
      this.#concat(node)
    } else if (isOp(node, 'pad')) {
      this.#pad(node)
    } else if (isOp(node, 'scatterAdd')) {
      this.#scatterAdd(node)
    } else if (node.inputs.some((input) => sizeOf(input.shape) === 0)) {
      this.#fill(this.result(node), 0)
    } else {
      emitInstruction(node, this)
    }
  }

  viewOf(node: Node): View | null {
    const view = this.#memory.get(node)
    if (view) return view
    if (isOp(node, 'iota')) return this.#iota(node)
    if (!isMovement(node)) return null
    const operand = this.viewOf(node.inputs[0]!)
    return operand && movedView(node, operand)
  }

  materialise(node: Node): View {
    const known = this.#copies.get(node)
    if (known) return known
    const view = this.#memory.get(node)
    if (view && isDense(view)) return view
    const loop = this.#loop(node)
    if (view) {
      const copy = this.state.temporary(node.dtype, node.shape)
      this.#copies.set(node, copy)
      this.#write(loop, copy)
      return copy
    }
    const made = this.result(node)
    this.#write(loop, made)
    return made
  }

  operand(node: Node, requirement: Requirement): View {
    const view = this.viewOf(node)
    return view && meets(view, requirement) ? view : this.#denseCopy(node)
  }

  #denseCopy(node: Node): View {
    const known = this.#copies.get(node)
    if (known) return known
    const loop = this.#loop(node)
    const copy = this.state.temporary(node.dtype, node.shape)
    this.#copies.set(node, copy)
    this.#write(loop, copy)
    return copy
  }

  result(node: Node): View {
    const view = this.#results.get(node) ?? this.state.temporary(node.dtype, node.shape)
    this.#memory.set(node, view)
    return view
  }

  isConstant(view: View): boolean {
    return this.#constantSlots.has(view.slot)
  }

  pooledWith(indices: Node<'maxPool2dIndices'>): Node<'poolGather'> | undefined {
    return this.#pooled.get(indices)
  }

  readsIndices(indices: Node<'maxPool2dIndices'>): boolean {
    const values = this.#pooled.get(indices)
    return (
      this.#graph.outputs.includes(indices) ||
      this.#plan.order.some((node) => node !== values && node.inputs.includes(indices))
    )
  }

  #loop(node: Node): Loop {
    return buildLoop(node, this)
  }

  #write(loop: Loop, view: View): void {
    if (loop.dims.includes(0)) return
    const { code, results, registers } = allocateRegisters(loop.code, loop.inputs.length, [loop.result])
    if (loop.inputs.length > maxLoads || registers > maxRegisters) {
      throw new Error(`lowering: an element-wise loop needs ${registers} registers`)
    }
    this.state.emit({
      op: 'elementwise',
      dims: loop.dims,
      inputs: loop.inputs,
      outputs: [operandOf(view, loop.stridesOver(view.strides))],
      results,
      code,
      registers,
    })
    this.#markConstant(view.slot, loop.inputs)
  }

  #markConstant(slot: number, inputs: readonly Operand[]): void {
    const external = this.state.buffers[slot]!.external
    if (external === null && inputs.every((input) => this.#constantSlots.has(input.slot))) {
      this.#constantSlots.add(slot)
    }
  }

  #reduce(node: Node, sum: Node<'reduceSum' | 'reduceMax' | 'reduceProd'>, scale: number): void {
    const operand = sum.inputs[0]!
    const view = this.result(node)
    const kind = isOp(sum, 'reduceMax') ? 'max' : isOp(sum, 'reduceProd') ? 'prod' : 'sum'
    if (sizeOf(node.shape) === 0) return
    if (sizeOf(operand.shape) === 0) {
      this.#fill(view, kind === 'prod' ? 1 : 0 * scale)
      return
    }
    const loop = this.#loop(operand)
    const { code, results, registers } = allocateRegisters(loop.code, loop.inputs.length, [loop.result])
    const axes = new Set(sum.attrs.axes)
    const kept = stridesOf(operand.shape.map((size, d) => (axes.has(d) ? 1 : size)))
    const strides = loop.stridesOver(kept.map((stride, d) => (axes.has(d) ? 0 : stride)))
    const alongReduced = loop.stridesOver(kept.map((_, d) => (axes.has(d) ? 1 : 0)))
    this.state.emit({
      op: 'reduce',
      kind,
      dims: loop.dims,
      reduced: alongReduced.map((stride) => stride !== 0),
      inputs: loop.inputs,
      outputs: [operandOf(view, strides)],
      results,
      scales: [scale],
      code,
      registers,
      type: microTypeOf(sum.dtype),
    })
    this.#markConstant(view.slot, loop.inputs)
  }

  #concat(node: Node<'concat'>): void {
    const { axis } = node.attrs
    const whole = this.result(node)
    const starts = node.shape.map(() => 0)
    for (const input of node.inputs) {
      this.#write(this.#loop(input), partOfView(whole, starts, input.shape))
      starts[axis]! += input.shape[axis]!
    }
  }

  #pad(node: Node<'pad'>): void {
    const { before, interior, value } = node.attrs
    const operand = node.inputs[0]!
    const whole = this.result(node)
    this.#fill(whole, value)
    const part = partOfView(whole, before, operand.shape)
    const strides = part.strides.map((stride, d) => stride * (interior[d]! + 1))
    this.#write(this.#loop(operand), { ...part, strides })
  }

  #scatterAdd(node: Node<'scatterAdd'>): void {
    const [base, index, source] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]!]
    const indexView = this.operand(index, 'dense')
    const sourceView = this.operand(source, 'dense')
    const loop = this.#loop(base)
    const y = this.result(node)
    this.#write(loop, y)
    if (sizeOf(index.shape) === 0) return
    this.state.emit({
      op: 'scatterAdd',
      name: node.attrs.name,
      axis: node.attrs.axis,
      dims: index.shape,
      yDims: node.shape,
      index: denseOf(indexView),
      source: denseOf(sourceView),
      y: denseOf(y),
    })
  }

  /** The positions along an axis as a view of one line of them. */
  #iota(node: Node<'iota'>): View {
    const { axis, start, step } = node.attrs
    const size = node.shape[axis] ?? 1
    const key = `${node.dtype} ${size} ${start} ${step}`
    let line = this.#iotas.get(key)
    if (!line) {
      line = this.state.temporary(node.dtype, [size])
      const y = denseOf(line)
      if (size > 0) this.state.emit({ op: 'iota', ...aroundAxis([size], 0), size, start, step, y })
      this.#constantSlots.add(line.slot)
      this.#iotas.set(key, line)
    }
    return { ...line, shape: node.shape, strides: node.shape.map((_, d) => (d === axis ? 1 : 0)) }
  }

  #fill(view: View, value: number): void {
    if (sizeOf(view.shape) === 0) return
    this.state.emit({
      op: 'elementwise',
      dims: view.shape,
      inputs: [],
      outputs: [operandOf(view, view.strides)],
      results: [0],
      code: [{ op: 'const', type: microTypeOf(view.dtype), out: 0, value }],
      registers: 1,
    })
  }
}

function operandOf({ slot, dtype, offset }: View, strides: readonly number[]): Operand {
  return { slot, dtype, offset, strides }
}
