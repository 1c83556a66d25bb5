import { type Tensor, where } from '../tensor/index.ts'
import type { BoxOverlap } from './boxes.ts'

/** Boxes of one shape: centres and sizes. */
export interface TensorBoxes {
  readonly x: Tensor
  readonly y: Tensor
  readonly width: Tensor
  readonly height: Tensor
}

/** The sides of boxes. */
interface Sides {
  readonly top: Tensor
  readonly bottom: Tensor
  readonly left: Tensor
  readonly right: Tensor
}

function sidesOf({ x, y, width, height }: TensorBoxes): Sides {
  const [halfWidth, halfHeight] = [width.div(2), height.div(2)]
  return {
    top: y.sub(halfHeight),
    bottom: y.add(halfHeight),
    left: x.sub(halfWidth),
    right: x.add(halfWidth),
  }
}

/** What boxes and truths share, in all, and enclose. */
function areasOf(box: TensorBoxes, truth: TensorBoxes) {
  const [p, t] = [sidesOf(box), sidesOf(truth)]
  const width = p.right.minimum(t.right).sub(p.left.maximum(t.left))
  const height = p.bottom.minimum(t.bottom).sub(p.top.maximum(t.top))
  const enclosingWidth = p.right.maximum(t.right).sub(p.left.minimum(t.left))
  const enclosingHeight = p.bottom.maximum(t.bottom).sub(p.top.minimum(t.top))
  const both = box.width.mul(box.height).add(truth.width.mul(truth.height))
  return { p, t, width, height, enclosingWidth, enclosingHeight, both }
}

/** Intersection over union, broadcast; 0 of boxes without area. */
export function overlapOf(box: TensorBoxes, truth: TensorBoxes): Tensor {
  const { width, height, both } = areasOf(box, truth)
  const shared = width.clamp(0).mul(height.clamp(0))
  const union = both.sub(shared)
  return where(shared.gt(0), shared.div(where(union.gt(0), union, 1)), 0)
}

/** Generalized intersection over union (Rezatofighi et al. 2019). */
export function generalizedOverlapOf(box: TensorBoxes, truth: TensorBoxes): Tensor {
  const { width, height, enclosingWidth, enclosingHeight, both } = areasOf(box, truth)
  const union = both.sub(width.clamp(0).mul(height.clamp(0)))
  const enclosing = enclosingWidth.mul(enclosingHeight)
  const empty = enclosing.sub(union).div(where(enclosing.gt(0), enclosing, 1))
  return overlapOf(box, truth).sub(where(enclosing.gt(0), empty, 0))
}

/**
 * How Darknet would have boxes move to overlap truths more: its `dx_box_iou`. This is the gradient of the overlap by centre and
 * size, but for the halves that belong to a size's sides, the sign of the aspect ratio's part, whose factor is that of the
 * squares of the sides, and the distance's part alone where boxes do not meet. The boxes have an area.
 */
export function darknetOverlapGradient(kind: BoxOverlap, box: TensorBoxes, truth: TensorBoxes): TensorBoxes {
  const { p, t, width: iw, height: ih, enclosingWidth: cw, enclosingHeight: ch, both } = areasOf(box, truth)
  const shared = iw.mul(ih)
  const union = both.sub(shared)
  const apart = iw.le(0).logicalOr(ih.le(0))

  /** The overlap's slope along one side: of the box's area and of the shared area. */
  const alongSide = (area: Tensor, inside: Tensor, share: Tensor): { overlap: Tensor; union: Tensor } => {
    const ofShared = where(inside, share, 0)
    const ofUnion = area.sub(ofShared)
    const squared = union.mul(union)
    const slope = union
      .mul(ofShared)
      .sub(shared.mul(ofUnion))
      .div(where(squared.gt(0), squared, 1))
    return { overlap: where(union.gt(0), slope, 0), union: ofUnion }
  }
  const top = alongSide(box.width.neg(), p.top.gt(t.top), iw.neg())
  const bottom = alongSide(box.width, p.bottom.lt(t.bottom), iw)
  const left = alongSide(box.height.neg(), p.left.gt(t.left), ih.neg())
  const right = alongSide(box.height, p.right.lt(t.right), ih)

  if (kind === 'giou') {
    const enclosing = cw.mul(ch)
    const squared = enclosing.mul(enclosing)
    const generalized = (side: { overlap: Tensor; union: Tensor }, beyond: Tensor, grows: Tensor): Tensor => {
      const term = enclosing
        .mul(side.union)
        .sub(union.mul(where(beyond, grows, 0)))
        .div(squared)
      return where(apart, term, side.overlap.add(term))
    }
    return centred(
      generalized(top, p.top.lt(t.top), cw.neg()),
      generalized(bottom, p.bottom.gt(t.bottom), cw),
      generalized(left, p.left.lt(t.left), ch.neg()),
      generalized(right, p.right.gt(t.right), ch),
    )
  }
  const plain = centred(top.overlap, bottom.overlap, left.overlap, right.overlap)
  if (kind === 'iou') return plain

  const diagonal = cw.mul(cw).add(ch.mul(ch))
  const squared = diagonal.mul(diagonal)
  const [dx, dy] = [truth.x.sub(box.x), truth.y.sub(box.y)]
  const distance = dx.mul(dx).add(dy.mul(dy))
  const one = (condition: Tensor): Tensor => condition.float()
  const [above, below] = [one(p.top.lt(t.top)), one(p.bottom.gt(t.bottom))]
  const [before, behind] = [one(p.left.lt(t.left)), one(p.right.gt(t.right))]
  const towards = (offset: Tensor, side: Tensor, slope: Tensor): Tensor =>
    offset.mul(2).mul(diagonal).sub(side.mul(2).mul(slope).mul(distance)).div(squared)
  const growing = (side: Tensor, slope: Tensor): Tensor => side.mul(2).mul(slope).mul(distance).div(squared)
  let width = growing(cw, before.add(behind).mul(0.5))
  let height = growing(ch, above.add(below).mul(0.5))
  if (kind === 'ciou') {
    const angle = arctangent(truth.width.div(truth.height)).sub(arctangent(box.width.div(box.height)))
    const aspect = angle.mul(angle).mul(4 / Math.PI ** 2)
    const weight = aspect.div(shared.div(union).neg().add(1).add(aspect).add(1e-6))
    const slope = weight.mul(angle).mul(8 / Math.PI ** 2)
    width = width.add(slope.mul(box.height))
    height = height.sub(slope.mul(box.width))
  }
  const other = {
    x: towards(dx, cw, behind.sub(before)),
    y: towards(dy, ch, below.sub(above)),
    width,
    height,
  }
  return {
    x: where(apart, other.x, plain.x.add(other.x)),
    y: where(apart, other.y, plain.y.add(other.y)),
    width: where(apart, other.width, plain.width.add(other.width)),
    height: where(apart, other.height, plain.height.add(other.height)),
  }
}

function centred(top: Tensor, bottom: Tensor, left: Tensor, right: Tensor): TensorBoxes {
  return { x: left.add(right), y: top.add(bottom), width: right.sub(left), height: bottom.sub(top) }
}

/**
 * The arctangent of positive numbers, to float32's last digits: the argument brought to within tan(pi/8), then the series up to
 * the 17th power.
 */
function arctangent(x: Tensor): Tensor {
  const large = x.gt(Math.tan((3 * Math.PI) / 8))
  const middle = x.gt(Math.tan(Math.PI / 8))
  const reduced = where(large, x.reciprocal().neg(), where(middle, x.sub(1).div(x.add(1)), x))
  const base = where(large, Math.PI / 2, where(middle, Math.PI / 4, 0))
  const square = reduced.mul(reduced)
  const series = [17, 15, 13, 11, 9, 7, 5, 3].reduce<Tensor | null>((sum, power) => {
    const term = ((power - 1) / 2) % 2 === 0 ? 1 / power : -1 / power
    return sum === null ? square.mul(term) : sum.add(term).mul(square)
  }, null)!
  return base.add(reduced.add(reduced.mul(series)))
}
