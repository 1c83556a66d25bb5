import type { Node, Op } from '../graph/node.ts'
import { isOp } from '../graph/node.ts'
import { sizeOf } from '../graph/shape.ts'
import type { Graph } from './graph.ts'
import { binaryMicroOps, maxLoads, unaryMicroOps } from './lowering-code.ts'
import { movedView } from './lowering-movement.ts'
import { denseView, imageOfView, isDense, matrixOfView, type View } from './lowering-view.ts'
import { constantNodes } from './passes/constants.ts'
import { liveNodes } from './passes/rewrite.ts'

/** The form in which an instruction needs an operand. */
export type Requirement = 'dense' | 'matrix' | 'nhwc' | 'nchw'

/** What is written to memory; the other element-wise and movement nodes are computed where they are read. */
export interface LoweringPlan {
  readonly order: readonly Node[]
  readonly materialised: ReadonlySet<Node>
  /** Products of a sum and a number that become the sum's own scale. */
  readonly scaledSums: ReadonlyMap<Node, { readonly sum: Node<'reduceSum'>; readonly scale: number }>
}

const movementOps: ReadonlySet<Op> = new Set<Op>([
  'reshape',
  'permute',
  'expand',
  'slice',
  'flip',
  'identity',
])
const expensiveOps: ReadonlySet<Op> = new Set<Op>([
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'erf',
  'div',
  'pow',
  'remainder',
])

const productOps: ReadonlySet<Op> = new Set<Op>(['conv2d', 'conv2dInputGrad', 'matmul'])

export function isMovement(node: Node): boolean {
  return movementOps.has(node.op)
}

export function isElementwise(node: Node): boolean {
  return (
    unaryMicroOps.has(node.op) || binaryMicroOps.has(node.op) || node.op === 'where' || node.op === 'cast'
  )
}

export function isReduction(node: Node): node is Node<'reduceSum' | 'reduceMax' | 'reduceProd'> {
  return node.op === 'reduceSum' || node.op === 'reduceMax' || node.op === 'reduceProd'
}

export function meets(view: View, requirement: Requirement): boolean {
  switch (requirement) {
    case 'dense':
      return isDense(view)
    case 'matrix':
      return matrixOfView(view) !== null
    case 'nhwc':
    case 'nchw':
      return imageOfView(view, requirement) !== null
  }
}

/** The forms an instruction needs its operands in; undefined for nodes that take anything. */
export function requirementsOf(node: Node): readonly Requirement[] | undefined {
  switch (node.op) {
    case 'matmul':
      return ['matrix', 'matrix']
    case 'conv2d':
    case 'conv2dInputGrad':
      return ['nhwc', 'dense']
    case 'conv2dWeightGrad':
      return ['nhwc', 'nhwc']
    case 'maxPool2dIndices':
      return [(node as Node<'maxPool2dIndices'>).attrs.layout]
    case 'poolGather':
    case 'poolScatter':
      return [(node as Node<'poolGather' | 'poolScatter'>).attrs.layout, 'dense']
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort':
    case 'resample':
    case 'random':
      return ['dense']
    case 'gather':
      return ['dense', 'dense']
    case 'scatterAdd':
      return undefined
    default:
      return undefined
  }
}

/** What it takes to compute a node where it is read. */
interface Expression {
  readonly ops: number
  readonly expensive: boolean
  /** Operands in memory, and how many of them are as large as the value. */
  readonly loads: number
  readonly fullLoads: number
  /** It takes up the result of a convolution or matrix product, which can do it before the result is stored. */
  readonly ofProduct: boolean
}

const loaded: Expression = { ops: 0, expensive: false, loads: 1, fullLoads: 1, ofProduct: false }
const nothing: Expression = { ops: 0, expensive: false, loads: 0, fullLoads: 0, ofProduct: false }
const maxOps = 32
const plannedLoads = maxLoads - 2

export function planLowering(graph: Graph): LoweringPlan {
  const order = liveNodes(graph)
  const constant = constantNodes(graph)
  const readers = countReaders(graph, order, constant)
  const scaledSums = findScaledSums(order, readers)
  const materialised = new Set<Node>()
  const scaled = new Set<Node>([...scaledSums.values()].map(({ sum }) => sum))
  for (const output of graph.outputs) if (output.op !== 'input') materialised.add(output)
  for (const node of order) demandOperands(node, materialised)

  const expressions = new Map<Node, Expression>()
  for (const node of order) {
    if (node.op === 'full') {
      expressions.set(node, materialised.has(node) ? loaded : nothing)
    } else if (scaledSums.has(node)) {
      materialised.add(node)
      expressions.set(node, loaded)
    } else if (isMovement(node)) {
      expressions.set(node, materialised.has(node) ? loaded : expressions.get(node.inputs[0]!)!)
    } else if (!isElementwise(node)) {
      if (!scaled.has(node)) materialised.add(node)
      const ofProduct = productOps.has(node.op) && readers.get(node)!.uses === 1
      expressions.set(node, { ...loaded, ofProduct })
    } else {
      const expression = combine(node, expressions, materialised)
      const { uses, largest } = readers.get(node)!
      const { ops, expensive, fullLoads, loads } = expression
      const frontier = constant.has(node) && readers.get(node)!.byVariable && loads > 0
      const cheap = ops <= 2 && !expensive && uses * fullLoads <= fullLoads + 1 + uses
      const grows =
        largest >= 8 * sizeOf(node.shape) || (largest > sizeOf(node.shape) && (ops > 2 || expensive))
      if (frontier || grows || (uses > 1 && !cheap)) materialised.add(node)
      expressions.set(node, materialised.has(node) ? loaded : expression)
    }
  }
  return { order, materialised, scaledSums }
}

interface Readers {
  /** Nodes that would each compute the value anew, looking through movements. */
  uses: number
  /** Elements of the largest of them. */
  largest: number
  /** Whether some depend on more than constants. */
  byVariable: boolean
}

function countReaders(graph: Graph, order: readonly Node[], constant: ReadonlySet<Node>): Map<Node, Readers> {
  const readers = new Map<Node, Readers>(
    order.map((node) => [node, { uses: 0, largest: 0, byVariable: false }]),
  )
  for (const output of graph.outputs) readers.get(output)!.uses++
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!
    const own = readers.get(node)!
    const through = isMovement(node)
    for (const input of new Set(node.inputs)) {
      const of = readers.get(input)!
      of.uses += through ? own.uses : 1
      of.largest = Math.max(
        of.largest,
        through ? Math.max(own.largest, sizeOf(node.shape)) : isElementwise(node) ? sizeOf(node.shape) : 0,
      )
      of.byVariable ||= through ? own.byVariable : !constant.has(node)
    }
  }
  return readers
}

function findScaledSums(
  order: readonly Node[],
  readers: ReadonlyMap<Node, Readers>,
): Map<Node, { sum: Node<'reduceSum'>; scale: number }> {
  const found = new Map<Node, { sum: Node<'reduceSum'>; scale: number }>()
  for (const node of order) {
    if (node.op !== 'mul' || node.dtype !== 'float32') continue
    const [a, b] = node.inputs as [Node, Node]
    const [factor, value] = a.op === 'full' ? [a, b] : [b, a]
    if (!isOp(factor, 'full') || sizeOf(value.shape) !== sizeOf(node.shape)) continue
    let base = value
    while (base.op === 'reshape' && readers.get(base)!.uses === 1) base = base.inputs[0]!
    if (isOp(base, 'reduceSum') && readers.get(base)!.uses === 1 && !graphOutput(base, readers)) {
      found.set(node, { sum: base, scale: factor.attrs.value })
    }
  }
  return found
}

function graphOutput(node: Node, readers: ReadonlyMap<Node, Readers>): boolean {
  return readers.get(node)!.uses > 1
}

/** Marks what instructions read from memory: the operand itself, or what it is a suitable view of. */
function demandOperands(node: Node, materialised: Set<Node>): void {
  const requirements = requirementsOf(node)
  for (const [i, requirement] of (requirements ?? []).entries()) {
    const operand = node.inputs[i]!
    let base = operand
    const moves: Node[] = []
    while (isMovement(base)) {
      moves.push(base)
      base = base.inputs[0]!
    }
    let view: View | null =
      base.op === 'full' || base.op === 'iota' ? null : denseView(0, base.dtype, base.shape)
    for (const move of moves.reverse()) view = view && movedView(move, view)
    const suitable = view !== null && meets(view, requirement)
    const target = suitable ? base : operand
    if (target.op !== 'input') materialised.add(target)
  }
}

/** The expression of an element-wise node; operands are materialised, largest first, until it is small enough. */
function combine(node: Node, expressions: Map<Node, Expression>, materialised: Set<Node>): Expression {
  const inputs = [...new Set(node.inputs)]
  // One loop can be done by one product only: what is done to the results of others is theirs to do.
  const ofProducts = inputs.filter((input) => expressions.get(input)!.ofProduct)
  const left = ofProducts.find((input) => expressions.get(input)!.ops === 0) ?? ofProducts.at(-1)
  for (const input of ofProducts) {
    if (input !== left && expressions.get(input)!.ops > 0) materialiseBase(input, expressions, materialised)
  }
  for (;;) {
    let ops = 1
    let ofProduct = false
    let expensive = expensiveOps.has(node.op)
    let loads = 0
    let fullLoads = 0
    let largest: Node | undefined
    for (const input of inputs) {
      const expression = expressions.get(input)!
      ops += expression.ops
      expensive ||= expression.expensive
      loads += expression.loads
      ofProduct ||= expression.ofProduct
      if (sizeOf(input.shape) === sizeOf(node.shape)) fullLoads += expression.fullLoads
      const weight = (e: Expression): number => e.ops + e.loads
      if (expression.ops > 0 && (!largest || weight(expression) > weight(expressions.get(largest)!)))
        largest = input
    }
    if (largest === undefined || (ops <= maxOps && loads <= plannedLoads)) {
      return { ops, expensive, loads, fullLoads, ofProduct }
    }
    materialiseBase(largest, expressions, materialised)
  }
}

/** Writes to memory what a node computes, or what it is a view of. */
function materialiseBase(node: Node, expressions: Map<Node, Expression>, materialised: Set<Node>): void {
  let base = node
  while (isMovement(base) && !materialised.has(base)) {
    expressions.set(base, loaded)
    base = base.inputs[0]!
  }
  materialised.add(base)
  expressions.set(base, loaded)
}
