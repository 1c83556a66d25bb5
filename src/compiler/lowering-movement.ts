import { isOp, type Node } from '../graph/node.ts'
import { reshapedView, type View } from './lowering-view.ts'

/** The result of a movement as a view of its operand's memory; null where strides cannot say it. */
export function movedView(node: Node, view: View): View | null {
  const { shape } = node
  if (isOp(node, 'reshape')) return reshapedView(view, shape)
  if (isOp(node, 'permute')) return { ...view, shape, strides: node.attrs.axes.map((a) => view.strides[a]!) }
  if (isOp(node, 'expand')) {
    const extra = shape.length - view.shape.length
    const strides = shape.map((size, d) => {
      const from = d - extra
      return from < 0 || (view.shape[from] === 1 && size !== 1) ? 0 : view.strides[from]!
    })
    return { ...view, shape, strides }
  }
  if (isOp(node, 'slice')) {
    const { starts, steps } = node.attrs
    const offset = starts.reduce((sum, start, d) => sum + start * view.strides[d]!, view.offset)
    return { ...view, shape, offset, strides: view.strides.map((stride, d) => stride * steps[d]!) }
  }
  if (isOp(node, 'flip')) {
    const flipped = new Set(node.attrs.axes)
    const offset = node.attrs.axes.reduce(
      (sum, d) => sum + Math.max(shape[d]! - 1, 0) * view.strides[d]!,
      view.offset,
    )
    return {
      ...view,
      offset,
      strides: view.strides.map((stride, d) => (flipped.has(d) ? 0 - stride : stride)),
    }
  }
  return view
}
