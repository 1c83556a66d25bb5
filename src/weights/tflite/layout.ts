/**
 * How the axes of a value are stored: axis i of the stored array is axis `layout[i]` of the tensor as TensorFlow has it.
 * Images, [n, h, w, c] there, are stored as [n, c, h, w]; operators that only move axes change the layout and move nothing.
 */
export type Layout = readonly number[]

/** Images: of the axes n, h, w, c of TensorFlow in the order n, c, h, w. */
export const imageLayout: Layout = [0, 3, 1, 2]

/** As TensorFlow has it. */
export function plainLayout(rank: number): Layout {
  return Array.from({ length: rank }, (_, axis) => axis)
}

/** What inputs and outputs of the network have: tensors of four axes are images. */
export function outerLayout(rank: number): Layout {
  return rank === 4 ? imageLayout : plainLayout(rank)
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

/** The layout that is left of one when axes (of TensorFlow's order) are taken away. */
export function withoutAxes(layout: Layout, removed: readonly number[]): Layout {
  return layout
    .filter((axis) => !removed.includes(axis))
    .map((axis) => axis - removed.filter((other) => other < axis).length)
}

/** Whether going from one layout to another leaves the elements in their order, as only axes of one index move. */
export function keepsOrder(from: Layout, to: Layout, isOne: (axis: number) => boolean): boolean {
  const rest = (layout: Layout): Layout => layout.filter((axis) => !isOne(axis))
  return sameLayout(rest(from), rest(to))
}
