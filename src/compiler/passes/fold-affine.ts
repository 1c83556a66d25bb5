import { isOp, type Node } from '../../graph/node.ts'
import { add, div, mul, neg, reshape, scalar, sub } from '../../graph/ops/index.ts'
import { sameShape, sizeOf } from '../../graph/shape.ts'
import type { Graph } from '../graph.ts'
import { constantNodes } from './constants.ts'
import { copyNode, rewriteGraph, useCounts } from './rewrite.ts'

type Product = Node<'conv2d' | 'conv2dInputGrad' | 'matmul'>

/** A product with a weight that is known before the run, times a scale, plus a shift, each one number for a channel. */
interface Affine {
  readonly product: Product
  /** Which operand is the weight. */
  readonly weight: 0 | 1
  /** The output's dimension along which scale and shift vary. */
  readonly channelAxis: number
  readonly scale: Node | null
  readonly shift: Node | null
}

/**
 * Scales and shifts of whole channels after convolutions and matrix products, such as batch normalization with running
 * statistics, go into weight and bias where all of these depend on persistent inputs only. Results differ by rounding.
 */
export function foldAffine(graph: Graph): Graph {
  const constant = constantNodes(graph)
  const uses = useCounts(graph)
  const known = new Map<Node, Affine>()
  return rewriteGraph(graph, (node, inputs) => {
    const start = productOf(node, inputs, constant)
    if (start) {
      known.set(node, start)
      return start.product
    }
    for (const [i, y] of node.inputs.entries()) {
      const affine = known.get(y)
      if (!affine || uses.get(y) !== 1 || !sameShape(y.shape, node.shape)) continue
      const other = node.inputs[1 - i]
      if (other && !(constant.has(other) && isPerChannel(other, affine))) continue
      const next = applied(node, affine, inputs[1 - i], i === 0)
      if (!next) continue
      known.set(node, next)
      return built(next)
    }
    return copyNode(node, inputs)
  })
}

function productOf(node: Node, inputs: readonly Node[], constant: ReadonlySet<Node>): Affine | null {
  const product = isOp(node, 'conv2d') || isOp(node, 'conv2dInputGrad') || isOp(node, 'matmul')
  if (!product) return null
  const [a, b] = node.inputs.map((input) => constant.has(input))
  if (a === b || (a && !isOp(node, 'matmul'))) return null
  const { length } = node.shape
  const axis = isOp(node, 'matmul') ? length - (a ? 2 : 1) : node.attrs.layout === 'nchw' ? 1 : 3
  const copy = copyNode(node, inputs) as Product
  return { product: copy, weight: a ? 0 : 1, channelAxis: axis, scale: null, shift: null }
}

function isPerChannel({ shape }: Node, { product, channelAxis }: Affine): boolean {
  const extra = product.shape.length - shape.length
  return extra >= 0 && shape.every((size, i) => size === 1 || i + extra === channelAxis)
}

/** The affine map followed by an element-wise operation; `other` is its constant operand. */
function applied(node: Node, affine: Affine, other: Node | undefined, first: boolean): Affine | null {
  const { scale, shift } = affine
  const minusOne = scalar(-1, node.dtype)
  if (isOp(node, 'neg'))
    return { ...affine, scale: scale ? neg(scale) : minusOne, shift: shift && neg(shift) }
  if (!other) return null
  if (isOp(node, 'mul')) {
    return { ...affine, scale: scale ? mul(scale, other) : other, shift: shift && mul(shift, other) }
  }
  if (isOp(node, 'div') && first) {
    return { ...affine, scale: div(scale ?? scalar(1, node.dtype), other), shift: shift && div(shift, other) }
  }
  if (isOp(node, 'add')) return { ...affine, shift: shift ? add(shift, other) : other }
  if (!isOp(node, 'sub')) return null
  if (first) return { ...affine, shift: shift ? sub(shift, other) : neg(other) }
  return { ...affine, scale: scale ? neg(scale) : minusOne, shift: shift ? sub(other, shift) : other }
}

function built({ product, weight, scale, shift }: Affine): Node {
  const operands = product.inputs.map((operand, i) =>
    i === weight && scale ? scaledWeight(product, operand, weight, scale) : operand,
  )
  const scaled = copyNode(product, operands)
  return shift ? add(scaled, shift) : scaled
}

/** The weight whose product has its channels scaled. */
function scaledWeight(product: Product, weight: Node, at: 0 | 1, scale: Node): Node {
  if (sizeOf(scale.shape) === 1) return mul(weight, reshape(scale, []))
  const { shape } = weight
  const channels = sizeOf(scale.shape)
  if (isOp(product, 'conv2d')) return mul(weight, reshape(scale, [channels, 1, 1, 1]))
  if (isOp(product, 'conv2dInputGrad')) {
    const { groups } = product.attrs
    const [rows, columns, h, w] = shape as [number, number, number, number]
    const grouped = reshape(weight, [groups, rows / groups, columns, h, w])
    return reshape(mul(grouped, reshape(scale, [groups, 1, columns, 1, 1])), shape)
  }
  const { transposeA, transposeB } = (product as Node<'matmul'>).attrs
  const last = at === 0 ? transposeA : !transposeB
  return mul(weight, reshape(scale, last ? [channels] : [channels, 1]))
}
