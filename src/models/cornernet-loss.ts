import { F } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'

/**
 * The focal loss of a heat map [batch, classes, height, width] of logits (Law and Deng 2018, equation 1): targets are 1 at
 * corners and less near them, where mistakes count less. The sum over all positions, over the number of corners.
 */
export function cornerFocalLoss(logits: Tensor, targets: Tensor): Tensor {
  const p = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
  const miss = p.neg().add(1)
  const corners = targets.eq(1).float()
  const nearness = targets.neg().add(1).square().square()
  const found = p.log().mul(miss.square()).mul(corners).sum()
  const others = miss.log().mul(p.square()).mul(nearness).mul(corners.neg().add(1)).sum()
  return found.add(others).div(corners.sum().clamp(1)).neg()
}

/**
 * How far the tags [batch, objects] of the two corners of objects are from each other (pull), and how near those of
 * different objects of an image (push): equations 4 and 5. `mask` [batch, objects] is 1 for objects, 0 for what fills up.
 */
export function cornerTagLoss(
  topLeft: Tensor,
  bottomRight: Tensor,
  mask: Tensor,
): { readonly pull: Tensor; readonly push: Tensor } {
  const count = mask.sum(1, true)
  const mean = topLeft.add(bottomRight).div(2)
  const pull = topLeft.sub(mean).square().add(bottomRight.sub(mean).square()).div(count.add(1e-4)).mul(mask)
  const counts = count.unsqueeze(2)
  const nearness = mean.unsqueeze(1).sub(mean.unsqueeze(2)).abs().neg().add(1).relu()
  const push = nearness
    // An object is at no distance from itself.
    .sub(counts.add(1e-4).reciprocal())
    .div(counts.sub(1).mul(counts).add(1e-4))
    .mul(mask.unsqueeze(1).mul(mask.unsqueeze(2)))
  return { pull: pull.sum(), push: push.sum() }
}

/** The smooth L1 loss of offsets [batch, objects, 2] (equation 3), the mean over the objects that `mask` has as 1. */
export function cornerOffsetLoss(offsets: Tensor, targets: Tensor, mask: Tensor): Tensor {
  const each = F.smoothL1Loss(offsets, targets, { reduction: 'none' })
  return each.mul(mask.unsqueeze(2)).sum().div(mask.sum().add(1e-4))
}

/** What a batch's corners should be; of each pair the top left ones come first. */
export interface CornerTargets {
  /** [batch, classes, height, width], 1 at corners, less near them. */
  readonly heats: readonly [Tensor, Tensor]
  /** [batch, objects, 2], how far the corners are right of and below their cells. */
  readonly offsets: readonly [Tensor, Tensor]
  /** int32 [batch, objects]: the cells of the corners, y * width + x. */
  readonly cells: readonly [Tensor, Tensor]
  /** [batch, objects], 1 for objects, 0 for what fills up. */
  readonly mask: Tensor
}

export interface CornerLossWeights {
  /** 0.1 unless given. */
  readonly pull?: number
  /** 0.1 unless given. */
  readonly push?: number
  /** 1 unless given. */
  readonly offset?: number
}

/** The values [batch, objects, channels] of a map [batch, channels, height, width] at cells [batch, objects]. */
function at(map: Tensor, cells: Tensor): Tensor {
  const flat = map.flatten(2)
  const [batch, channels] = flat.shape as [number, number]
  const index = cells.unsqueeze(1).expand(batch, channels, cells.shape[1]!)
  return flat.gather(2, index).permute(0, 2, 1)
}

/** The loss of what CornerNet's `forwardAll` gives, the mean over its hourglasses. Throws for other outputs. */
export function cornerNetLoss(
  outputs: readonly Tensor[],
  { heats, offsets, cells, mask }: CornerTargets,
  weights: CornerLossWeights = {},
): Tensor {
  const { pull = 0.1, push = 0.1, offset = 1 } = weights
  const stacks = outputs.length / 6
  if (!Number.isInteger(stacks) || stacks < 1) {
    throw new RangeError(`cornerNetLoss: needs six outputs of each hourglass, got ${outputs.length}`)
  }
  const terms = Array.from({ length: stacks }, (_, stack) => {
    const [heat0, heat1, tags0, tags1, offsets0, offsets1] = Array.from(
      { length: 6 },
      (_, kind) => outputs[kind * stacks + stack]!,
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    const tags = cornerTagLoss(at(tags0, cells[0]).squeeze(2), at(tags1, cells[1]).squeeze(2), mask)
    return cornerFocalLoss(heat0, heats[0])
      .add(cornerFocalLoss(heat1, heats[1]))
      .add(tags.pull.mul(pull))
      .add(tags.push.mul(push))
      .add(cornerOffsetLoss(at(offsets0, cells[0]), offsets[0], mask).mul(offset))
      .add(cornerOffsetLoss(at(offsets1, cells[1]), offsets[1], mask).mul(offset))
  })
  return terms.reduce((sum, term) => sum.add(term)).div(stacks)
}
