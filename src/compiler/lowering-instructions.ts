import { isOp, type Node } from '../graph/node.ts'
import { sizeOf } from '../graph/shape.ts'
import type { Requirement } from './lowering-plan.ts'
import type { LoweringState } from './lowering-state.ts'
import { imageOfView, matrixOfView, type View } from './lowering-view.ts'
import type { ConvGeometry, Dense, Image } from './program.ts'
import { type ConvWork, chooseConvAlgorithm, type Target } from './target.ts'

/** What the emission of instructions needs of the lowering around it. */
export interface InstructionContext {
  /** Whether the program computes gradients of weights of convolutions. */
  readonly differentiates: boolean
  readonly state: LoweringState
  readonly target: Target
  /** The operand in memory, in the form required. */
  operand(node: Node, requirement: Requirement): View
  /** Memory for the node's value, which the instruction about to be emitted writes. */
  result(node: Node): View
  /** Whether the memory holds the same value from run to run. */
  isConstant(view: View): boolean
  /** The pooled values that can be written together with these indices. */
  pooledWith(indices: Node<'maxPool2dIndices'>): Node<'poolGather'> | undefined
  readsIndices(indices: Node<'maxPool2dIndices'>): boolean
}

/** Emits the instruction of a node that is neither element-wise, nor a movement, nor a reduction. */
export function emitInstruction(node: Node, context: InstructionContext): void {
  if (isOp(node, 'matmul')) return emitMatmul(node, context)
  if (isOp(node, 'conv2d')) return emitConv2d(node, context)
  if (isOp(node, 'conv2dInputGrad')) return emitConv2dInputGrad(node, context)
  if (isOp(node, 'conv2dWeightGrad')) return emitConv2dWeightGrad(node, context)
  if (isOp(node, 'maxPool2dIndices')) return emitMaxPool(node, context)
  if (isOp(node, 'poolGather')) return emitPoolGather(node, context)
  if (isOp(node, 'poolScatter')) return emitPoolScatter(node, context)
  const { state } = context
  const x = denseOf(context.operand(node.inputs[0]!, 'dense'))
  if (isOp(node, 'gather')) {
    const { axis, name } = node.attrs
    const index = denseOf(context.operand(node.inputs[1]!, 'dense'))
    const y = denseOf(context.result(node))
    state.emit({ op: 'gather', name, axis, dims: node.shape, xDims: node.inputs[0]!.shape, x, index, y })
    return
  }
  const y = denseOf(context.result(node))
  if (isOp(node, 'random')) {
    state.emit({ op: 'random', size: sizeOf(node.shape), key: x, y })
    return
  }
  const { shape } = node.inputs[0]!
  if (isOp(node, 'resample')) {
    const { axis, taps } = node.attrs
    state.emit({ op: 'resample', ...aroundAxis(shape, axis), taps, x, y })
  } else if (
    isOp(node, 'argMax') ||
    isOp(node, 'cumSum') ||
    isOp(node, 'cumArgMax') ||
    isOp(node, 'argSort')
  ) {
    const { axis } = node.attrs
    const descending = isOp(node, 'argSort') && node.attrs.descending
    state.emit({ op: node.op, ...aroundAxis(shape, axis), size: shape[axis]!, descending, x, y })
  } else {
    throw new Error(`lowering: no instruction for ${node.op}`)
  }
}

export function aroundAxis(shape: readonly number[], axis: number): { outer: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), inner: sizeOf(shape.slice(axis + 1)) }
}

export function denseOf({ slot, dtype, offset }: View): Dense {
  return { slot, dtype, offset }
}

function emitMatmul(node: Node<'matmul'>, context: InstructionContext): void {
  const [left, right] = [node.inputs[0]!, node.inputs[1]!]
  const a = matrixOfView(context.operand(left, 'matrix'))!
  const rightView = context.operand(right, 'matrix')
  const b = matrixOfView(rightView)!
  const c = matrixOfView(context.result(node))!
  const transposeA = node.attrs.transposeA !== a.transposed
  const transposeB = node.attrs.transposeB !== b.transposed
  const rank = node.shape.length
  let batch = sizeOf(node.shape.slice(0, -2))
  let m = node.shape[rank - 2]!
  const n = node.shape[rank - 1]!
  const k = left.shape[node.attrs.transposeA ? rank - 2 : rank - 1]!
  let strides: [number, number, number] = [a.batchStride, b.batchStride, c.batchStride]
  const rowsFollow = !transposeA && strides[0] === m * a.matrix.stride && strides[2] === m * c.matrix.stride
  if (batch > 1 && strides[1] === 0 && rowsFollow) {
    m *= batch
    batch = 1
  }
  if (batch === 1) strides = [0, 0, 0]
  let right2d = b.matrix
  // A single row reads every weight once: a packed copy saves no time, and takes as much memory as the weights.
  const singleRow = m === 1 && transposeB
  const packedB = batch === 1 && !singleRow && context.isConstant(rightView)
  if (packedB) {
    const bytes = context.target.packedMatrixBytes(k, n)
    const slot = context.state.add({ bytes, external: null, donor: null })
    const target: Dense = { slot, dtype: 'float32', offset: 0 }
    context.state.emit({ op: 'packMatrix', k, n, transposed: transposeB, source: b.matrix, target })
    right2d = { slot, offset: 0, stride: n }
  }
  context.state.emit({
    op: 'matmul',
    batch,
    m,
    n,
    k,
    transposeA,
    transposeB: packedB ? false : transposeB,
    a: a.matrix,
    b: right2d,
    c: c.matrix,
    batchStrides: strides,
    packedB,
    epilogue: null,
  })
}

function geometryOf(
  attrs: Node<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'>['attrs'],
  kernel: readonly [number, number],
): ConvGeometry {
  const { stride, padding, dilation, groups } = attrs
  return { kernel, stride, padding: [padding[0], padding[2]], dilation, groups }
}

function kernelOf(weight: Node): readonly [number, number] {
  return [weight.shape[2]!, weight.shape[3]!]
}

function image(view: View): Image {
  return imageOfView(view, 'nhwc')!
}

function workOf(
  direction: ConvWork['direction'],
  geometry: ConvGeometry,
  x: Image,
  y: Image,
  packed: boolean,
): ConvWork {
  const { h: height, w: width } = direction === 'inputGrad' ? x : y
  return {
    direction,
    geometry,
    outChannels: y.c,
    inChannels: x.c,
    images: x.n,
    height,
    width,
    sameSize: x.h === y.h && x.w === y.w,
    packed,
  }
}

function emitConv2d(node: Node<'conv2d'>, context: InstructionContext): void {
  const [input, filter] = [node.inputs[0]!, node.inputs[1]!]
  const x = image(context.operand(input, 'nhwc'))
  const weightView = context.operand(filter, 'dense')
  const y = image(context.result(node))
  const geometry = geometryOf(node.attrs, kernelOf(filter))
  let weight = denseOf(weightView)
  const packed = context.isConstant(weightView)
  const work = { ...workOf('forward', geometry, x, y, packed), differentiated: context.differentiates }
  const algorithm = chooseConvAlgorithm(work, context.target.convCosts)
  if (packed) {
    const bytes = context.target.packedConvBytes(algorithm, geometry, y.c, x.c)
    const slot = context.state.add({ bytes, external: null, donor: null })
    const target: Dense = { slot, dtype: 'float32', offset: 0 }
    const channels = { outChannels: y.c, inChannels: x.c }
    context.state.emit({ op: 'packConv', algorithm, geometry, ...channels, source: weight, target })
    weight = target
  }
  context.state.emit({ op: 'conv2d', algorithm, geometry, x, weight, packed, y, epilogue: null })
}

function emitConv2dInputGrad(node: Node<'conv2dInputGrad'>, context: InstructionContext): void {
  const [gradient, filter] = [node.inputs[0]!, node.inputs[1]!]
  const dy = image(context.operand(gradient, 'nhwc'))
  const weight = denseOf(context.operand(filter, 'dense'))
  const dx = image(context.result(node))
  const geometry = geometryOf(node.attrs, kernelOf(filter))
  const algorithm = chooseConvAlgorithm(
    workOf('inputGrad', geometry, dx, dy, false),
    context.target.convCosts,
  )
  context.state.emit({ op: 'conv2dInputGrad', algorithm, geometry, dy, weight, dx, epilogue: null })
}

function emitConv2dWeightGrad(node: Node<'conv2dWeightGrad'>, context: InstructionContext): void {
  const x = image(context.operand(node.inputs[0]!, 'nhwc'))
  const dy = image(context.operand(node.inputs[1]!, 'nhwc'))
  const dw = denseOf(context.result(node))
  const geometry = geometryOf(node.attrs, node.attrs.kernelSize)
  const algorithm = chooseConvAlgorithm(
    workOf('weightGrad', geometry, x, dy, false),
    context.target.convCosts,
  )
  context.state.emit({ op: 'conv2dWeightGrad', algorithm, geometry, x, dy, dw })
}

function emitMaxPool(node: Node<'maxPool2dIndices'>, context: InstructionContext): void {
  const { layout, kernel, stride, padding, dilation } = node.attrs
  const x = imageOfView(context.operand(node.inputs[0]!, layout), layout)!
  const values = context.pooledWith(node)
  const indices = values === undefined || context.readsIndices(node) ? context.result(node) : null
  const y = imageOfView((values ? context.result(values) : indices)!, layout)!
  context.state.emit({
    op: 'maxPool2d',
    layout,
    geometry: { kernel, stride, padding: [padding[0], padding[2]], dilation },
    x,
    y,
    values: values !== undefined,
    indices: indices && denseOf(indices),
  })
}

function emitPoolGather(node: Node<'poolGather'>, context: InstructionContext): void {
  const { layout } = node.attrs
  const x = imageOfView(context.operand(node.inputs[0]!, layout), layout)!
  const indices = denseOf(context.operand(node.inputs[1]!, 'dense'))
  const y = imageOfView(context.result(node), layout)!
  context.state.emit({ op: 'poolGather', layout, x, indices, y })
}

function emitPoolScatter(node: Node<'poolScatter'>, context: InstructionContext): void {
  const { layout } = node.attrs
  const y = imageOfView(context.operand(node.inputs[0]!, layout), layout)!
  const indices = denseOf(context.operand(node.inputs[1]!, 'dense'))
  const x = imageOfView(context.result(node), layout)!
  context.state.emit({ op: 'poolScatter', layout, y, indices, x })
}
