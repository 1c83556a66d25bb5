import { isOp, type Layout, type Node, type Padding2d } from '../../graph/node.ts'
import { conv2d, conv2dWeightGrad } from '../../graph/ops/index.ts'
import type { RuleTable } from './rules.ts'

/** An image padded with zeros at its sides only, and by how much. */
function paddedImage(node: Node, layout: Layout): { image: Node; sides: Padding2d } | null {
  if (!isOp(node, 'pad') || node.attrs.value !== 0 || node.shape.length !== 4) return null
  const { before, after, interior } = node.attrs
  const [h, w] = layout === 'nchw' ? [2, 3] : [1, 2]
  const elsewhere = before.some((n, i) => i !== h && i !== w && (n !== 0 || after[i] !== 0))
  if (elsewhere || interior.some((n) => n !== 0)) return null
  return { image: node.inputs[0]!, sides: [before[h]!, after[h]!, before[w]!, after[w]!] }
}

function sum(a: Padding2d, b: Padding2d): Padding2d {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
}

/** Zeros around images, which convolutions have by themselves. */
export const paddingRules: RuleTable = {
  conv2d: (node) => {
    const found = paddedImage(node.inputs[0]!, node.attrs.layout)
    if (!found) return null
    return conv2d(found.image, node.inputs[1]!, {
      ...node.attrs,
      padding: sum(node.attrs.padding, found.sides),
    })
  },
  conv2dWeightGrad: (node) => {
    const found = paddedImage(node.inputs[0]!, node.attrs.layout)
    if (!found) return null
    const attrs = { ...node.attrs, padding: sum(node.attrs.padding, found.sides) }
    return conv2dWeightGrad(found.image, node.inputs[1]!, attrs, node.attrs.kernelSize)
  },
}
