import { withGradMode } from '../../graph/grad-mode.ts'
import { make } from '../../graph/make.ts'
import { isOp, Node, type Op } from '../../graph/node.ts'
import { inversePermutation, reshape } from '../../graph/ops/index.ts'
import { sizeOf } from '../../graph/shape.ts'
import type { Graph } from '../graph.ts'
import { isElementwise, isReduction } from '../lowering-plan.ts'
import { reshapedMoved } from './layout-reshape.ts'
import { axesOf, identityAxes, inOrder, logical, type Moved, moved, shapeInOrder } from './moved.ts'
import { copyNode, liveNodes } from './rewrite.ts'

const nhwc = [0, 2, 3, 1] as const

/**
 * Gives images to convolutions and pools with channels last, and keeps values in whatever order of dimensions they were
 * made, through every op that can work in it: dimensions are moved only where an op needs another order.
 */
export function useNhwc(graph: Graph): Graph {
  return withGradMode(false, () => {
    const values = new Map<Node, Moved>()
    for (const input of graph.inputs) values.set(input, { node: input, axes: null })
    for (const node of liveNodes(graph)) {
      if (values.has(node)) continue
      values.set(
        node,
        rebuild(
          node,
          node.inputs.map((input) => values.get(input)!),
        ),
      )
    }
    const outputs = graph.outputs.map((node) => logical(values.get(node)!))
    return { inputs: graph.inputs, outputs, donations: graph.donations }
  })
}

function rebuild(node: Node, inputs: readonly Moved[]): Moved {
  const [x] = inputs
  if (isElementwise(node)) return elementwise(node, inputs)
  if (isOp(node, 'conv2d') && node.attrs.layout === 'nchw') {
    const operands = [inOrder(x!, nhwc), logical(inputs[1]!)]
    return moved(make('conv2d', operands, { ...node.attrs, layout: 'nhwc' }), nhwc)
  }
  if (isOp(node, 'conv2dInputGrad') && node.attrs.layout === 'nchw') {
    const operands = [inOrder(x!, nhwc), logical(inputs[1]!)]
    return moved(make('conv2dInputGrad', operands, { ...node.attrs, layout: 'nhwc' }), nhwc)
  }
  if (isOp(node, 'conv2dWeightGrad') && node.attrs.layout === 'nchw') {
    const operands = inputs.map((input) => inOrder(input, nhwc))
    return plain(make('conv2dWeightGrad', operands, { ...node.attrs, layout: 'nhwc' }))
  }
  const images = (): Node[] => inputs.map((input) => inOrder(input, nhwc))
  const someMoved = inputs.some((input) => input.axes !== null)
  if (isOp(node, 'maxPool2dIndices') && node.attrs.layout === 'nchw' && someMoved) {
    return moved(make('maxPool2dIndices', images(), { ...node.attrs, layout: 'nhwc' }), nhwc)
  }
  if (isOp(node, 'poolGather') && node.attrs.layout === 'nchw' && someMoved) {
    return moved(make('poolGather', images(), { layout: 'nhwc' }), nhwc)
  }
  if (isOp(node, 'poolScatter') && node.attrs.layout === 'nchw' && someMoved) {
    return moved(make('poolScatter', images(), { ...node.attrs, layout: 'nhwc' }), nhwc)
  }
  if (isOp(node, 'matmul')) return matmul(node, inputs)
  if (isOp(node, 'permute')) {
    const position = inversePermutation(node.attrs.axes)
    return moved(
      x!.node,
      axesOf(x!).map((axis) => position[axis]!),
    )
  }
  if (!someMoved) return plain(copyNode(node, inputs.map(logical)))
  return alongAxes(node, inputs) ?? plain(copyNode(node, inputs.map(logical)))
}

function plain(node: Node): Moved {
  return { node, axes: null }
}

/** The order of the largest operand; among equals, of one that is not in the graph's own. */
function preferredOrder(inputs: readonly Moved[], rank: number): readonly number[] | null {
  let best: Moved | undefined
  for (const input of inputs) {
    const size = sizeOf(input.node.shape)
    const largest = best === undefined ? -1 : sizeOf(best.node.shape)
    if (size > largest || (size === largest && best!.axes === null)) best = input
  }
  if (best === undefined || best.axes === null) return null
  const extra = rank - best.axes.length
  return [...identityAxes(extra), ...best.axes.map((axis) => axis + extra)]
}

function elementwise(node: Node, inputs: readonly Moved[]): Moved {
  const rank = node.shape.length
  const order = preferredOrder(inputs, rank)
  if (order === null) return plain(copyNode(node, inputs.map(logical)))
  const operands = inputs.map((input) => {
    const { shape } = input.node
    if (shape.length === 0) return input.node
    if (shape.length === rank) return inOrder(input, order)
    const extended = [...new Array<number>(rank - shape.length).fill(1), ...logical(input).shape]
    return inOrder(plain(reshape(logical(input), extended)), order)
  })
  const result = new Node(node.op, operands, node.attrs, shapeInOrder(node.shape, order), node.dtype, false)
  return moved(result, order)
}

function matmul(node: Node<'matmul'>, inputs: readonly Moved[]): Moved {
  const rank = node.shape.length
  const swapped = [...identityAxes(rank - 2), rank - 1, rank - 2]
  const isSwapped = inputs.map(({ axes }) => axes?.every((axis, i) => axis === swapped[i]) ?? false)
  return plain(
    make(
      'matmul',
      inputs.map((input, i) => (isSwapped[i] ? input.node : logical(input))),
      {
        transposeA: node.attrs.transposeA !== isSwapped[0],
        transposeB: node.attrs.transposeB !== isSwapped[1],
      },
    ),
  )
}

/** Ops whose axes can be renamed. */
function alongAxes(node: Node, inputs: readonly Moved[]): Moved | null {
  const [x] = inputs
  const order = axesOf(x!)
  const position = inversePermutation(order)
  const inner = x!.node
  if (isReduction(node)) {
    const { axes, keepdim } = node.attrs
    const renamed = axes.map((axis) => position[axis]!).sort((a, b) => a - b)
    const result = make(node.op, [inner], { axes: renamed, keepdim })
    return keepdim ? moved(result, order) : moved(result, without(order, axes))
  }
  if (isOp(node, 'argMax')) {
    const { axis } = node.attrs
    return moved(make('argMax', [inner], { axis: position[axis]! }), without(order, [axis]))
  }
  if (isOp(node, 'identity')) return { node: make('identity', [inner], node.attrs), axes: x!.axes }
  if (isOp(node, 'reshape')) return reshapedMoved(x!, node.attrs.shape)
  if (isOp(node, 'expand')) {
    const extra = node.shape.length - inner.shape.length
    const extended = [...identityAxes(extra), ...order.map((axis) => axis + extra)]
    const operand = reshape(inner, [...new Array<number>(extra).fill(1), ...inner.shape])
    return moved(make('expand', [operand], { shape: shapeInOrder(node.shape, extended) }), extended)
  }
  if (isOp(node, 'slice')) {
    const { starts, stops, steps } = node.attrs
    const at = (values: readonly number[]): number[] => shapeInOrder(values, order)
    return moved(make('slice', [inner], { starts: at(starts), stops: at(stops), steps: at(steps) }), order)
  }
  if (isOp(node, 'flip')) {
    const axes = node.attrs.axes.map((axis) => position[axis]!)
    return moved(make('flip', [inner], { axes }), order)
  }
  if (isOp(node, 'pad')) {
    const { before, after, interior, value } = node.attrs
    const at = (values: readonly number[]): number[] => shapeInOrder(values, order)
    const attrs = { before: at(before), after: at(after), interior: at(interior), value }
    return moved(make('pad', [inner], attrs), order)
  }
  if (isOp(node, 'cumSum') || isOp(node, 'cumArgMax')) {
    return moved(make(node.op, [inner], { axis: position[node.attrs.axis]! }), order)
  }
  if (isOp(node, 'argSort')) {
    return moved(make('argSort', [inner], { ...node.attrs, axis: position[node.attrs.axis]! }), order)
  }
  if (isOp(node, 'resample')) {
    return moved(make('resample', [inner], { ...node.attrs, axis: position[node.attrs.axis]! }), order)
  }
  if (isOp(node, 'concat') || isOp(node, 'gather') || isOp(node, 'scatterAdd')) {
    const common = preferredOrder(inputs, node.shape.length)
    if (common === null) return null
    const operands = inputs.map((input) => inOrder(input, common))
    const attrs = { ...node.attrs, axis: common.indexOf(node.attrs.axis) }
    return moved(make<Op>(node.op, operands, attrs), common)
  }
  return null
}

/** An order after some of the value's dimensions are gone. */
function without(order: readonly number[], axes: readonly number[]): number[] {
  return order
    .filter((axis) => !axes.includes(axis))
    .map((axis) => axis - axes.filter((gone) => gone < axis).length)
}
