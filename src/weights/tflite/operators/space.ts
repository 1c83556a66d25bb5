import { int, ints, string } from '../../../onnx/model.ts'
import { imageLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'
import { sliced } from './slicing.ts'

/** Images to the size that comes out, by one of three rules for where pixels are. */
export function resize(mode: 'linear' | 'nearest'): (op: Operation) => void {
  // The fields of what was once the size are no more used.
  const [alignField, halfField] = mode === 'linear' ? [2, 3] : [0, 1]
  return (op) => {
    const x = op.input(0)
    op.checkRank(x, 4)
    const given = op.optional(1)
    const size =
      given !== undefined && op.t.isConstant(given)
        ? op.t.numbers(given, 'the size')
        : op.t.dims(op.output()).slice(1, 3)
    if (size.length !== 2 || size.some((n) => n < 1)) op.refuse('a size that is known only at run time')
    const [aligned, half] = [op.bool(alignField), op.bool(halfField)]
    const value = op.t.value(x)
    const name = op.t.emit(
      'Resize',
      [op.t.input(x, imageLayout), undefined, undefined, op.t.integers(size)],
      {
        mode: string(mode),
        axes: ints([2, 3]),
        coordinate_transformation_mode: string(
          aligned ? 'align_corners' : half ? 'half_pixel' : 'asymmetric',
        ),
        ...(mode === 'linear'
          ? {}
          : { nearest_mode: string(aligned || half ? 'round_prefer_ceil' : 'floor') }),
      },
    )
    op.result(name, imageLayout, value)
  }
}

/** Blocks of pixels as channels, and back: the pixel's place in its block is the slower part of the channel, as in ONNX. */
export function blocks(onnx: 'DepthToSpace' | 'SpaceToDepth'): (op: Operation) => void {
  return (op) => {
    const x = op.input(0)
    op.checkRank(x, 4)
    const size = op.int(0)
    if (size < 1 || size > 65_536) op.fail(`has blocks of ${size}`)
    const value = op.t.value(x)
    const name = op.t.emit(onnx, [op.t.input(x, imageLayout)], { blocksize: int(size) })
    op.result(name, imageLayout, value)
  }
}

/** What both of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND say of images: blocks, and what is added or cut at the edges. */
function batchBlocks(op: Operation): { block: number[]; edges: number[]; to: readonly number[] } {
  const x = op.input(0)
  const to = op.t.dims(op.output())
  const block = op.t.numbers(op.input(1), 'the block')
  const edges = op.t.numbers(op.input(2), 'what is added or cut')
  if (op.t.rank(x) !== 4 || block.length !== 2) op.refuse('other than two axes of space')
  if (block.some((n) => n < 1 || n > 65_536) || edges.length !== 4 || edges.some((n) => n < 0)) {
    op.fail(`has blocks of [${block}] and edges of [${edges}]`)
  }
  if ([1, 2, 3].some((axis) => op.t.dims(x)[axis]! < 1 || (to[axis] ?? 0) < 1)) {
    op.refuse('a size that is known only at run time')
  }
  return { block, edges, to }
}

/** Each place within a block of pixels as an image of its own. */
export function spaceToBatch(op: Operation): void {
  const { block, edges, to } = batchBlocks(op)
  const [high, wide] = block as [number, number]
  const [top, bottom, left, right] = edges as [number, number, number, number]
  const [, height, width, channels] = to as [number, number, number, number]
  const [, inputHeight, inputWidth, inputChannels] = op.t.dims(op.input(0)) as [
    number,
    number,
    number,
    number,
  ]
  if (
    inputHeight + top + bottom !== height * high ||
    inputWidth + left + right !== width * wide ||
    inputChannels !== channels
  ) {
    op.fail(`makes [${to}] of [${op.t.dims(op.input(0))}]`)
  }
  const { t } = op
  const value = t.value(op.input(0))
  const x = t.input(op.input(0), imageLayout)
  const padded = edges.some((n) => n > 0)
    ? t.emit('Pad', [x, t.integers([0, 0, top, left, 0, 0, bottom, right]), t.scalar(0)], {
        mode: string('constant'),
      })
    : x
  const apart = t.emit('Reshape', [padded, t.integers([-1, channels, height, high, width, wide])])
  const moved = t.emit('Transpose', [apart], { perm: ints([3, 5, 0, 1, 2, 4]) })
  const name = t.emit('Reshape', [moved, t.integers([-1, channels, height, width])])
  op.result(name, imageLayout, { ...value, low: Math.min(value.low, 0), high: Math.max(value.high, 0) })
}

export function batchToSpace(op: Operation): void {
  const { block, edges, to } = batchBlocks(op)
  const [high, wide] = block as [number, number]
  const [top, bottom, left, right] = edges as [number, number, number, number]
  const [, height, width, channels] = op.t.dims(op.input(0)) as [number, number, number, number]
  const [fullHeight, fullWidth] = [height * high, width * wide]
  if (fullHeight - top - bottom !== to[1] || fullWidth - left - right !== to[2] || channels !== to[3]) {
    op.fail(`makes [${to}] of [${op.t.dims(op.input(0))}]`)
  }
  const { t } = op
  const value = t.value(op.input(0))
  const x = t.input(op.input(0), imageLayout)
  const apart = t.emit('Reshape', [x, t.integers([high, wide, -1, channels, height, width])])
  const moved = t.emit('Transpose', [apart], { perm: ints([2, 3, 4, 0, 5, 1]) })
  const whole = t.emit('Reshape', [moved, t.integers([-1, channels, fullHeight, fullWidth])])
  const cuts = [
    { axis: 1, start: top, stop: fullHeight - bottom, step: 1 },
    { axis: 2, start: left, stop: fullWidth - right, step: 1 },
  ].filter(({ start, stop, axis }) => start > 0 || stop < (axis === 1 ? fullHeight : fullWidth))
  op.result(sliced(t, whole, imageLayout, cuts), imageLayout, value)
}
