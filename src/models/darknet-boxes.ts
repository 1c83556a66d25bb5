import { Module } from '../nn/index.ts'
import { concat, type Tensor, tensor } from '../tensor/index.ts'
import type { DarknetAnchor, DarknetSectionOf } from '../weights/darknet/config.ts'

/** The boxes of one scale of a detector: for each of its anchors, and of each those of all cells, row by row. */
export interface DarknetBoxes {
  /** [batch, boxes, 2], x and y of the centres, over the width and height of the image. */
  readonly centers: Tensor
  /** [batch, boxes, 2], width and height, over those of the image. */
  readonly sizes: Tensor
  /** [batch, boxes, 1 + classes], how sure it is that there is an object, and of each class if so; each in 0..1. */
  readonly scores: Tensor
}

/** Gives the raw map that it is given; `decode` makes boxes of it. */
export abstract class DarknetBoxLayer extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }

  /** Boxes from a raw map of an image of the given size in pixels. */
  abstract decode(map: Tensor, height: number, width: number): DarknetBoxes
}

/** A map [batch, anchors * values, rows, columns] as [batch, boxes, values], with what each box is given by its place. */
function boxesOf(map: Tensor, anchors: readonly DarknetAnchor[]) {
  const [batch, channels, rows, columns] = map.shape as [number, number, number, number]
  const count = anchors.length
  const cells = rows * columns
  const values = map
    .reshape(batch, count, channels / count, cells)
    .permute(0, 1, 3, 2)
    .reshape(batch, count * cells, channels / count)
  const perBox = (pair: (cell: number, anchor: DarknetAnchor) => number[]): Tensor =>
    tensor(anchors.flatMap((anchor) => Array.from({ length: cells }, (_, cell) => pair(cell, anchor))))
  return {
    values,
    length: channels / count,
    corners: perBox((cell) => [cell % columns, Math.floor(cell / columns)]),
    cells: tensor([columns, rows]),
    /** The anchors over the sides of what they are measured in. */
    anchorSizes: (height: number, width: number): Tensor => perBox((_, [w, h]) => [w / width, h / height]),
  }
}

const scaled = (x: Tensor, scale: number): Tensor => (scale === 1 ? x : x.mul(scale).sub((scale - 1) / 2))

// No box is that large; without a limit, weights that are not trained yet give infinities.
const growth = (x: Tensor): Tensor => x.clamp(undefined, 80).exp()

/** The boxes of YOLOv3 and later, [batch, anchors * (5 + classes), rows, columns]. */
export class DarknetYolo extends DarknetBoxLayer {
  readonly section: DarknetSectionOf<'yolo'>

  constructor(section: DarknetSectionOf<'yolo'>) {
    super()
    this.section = section
  }

  override decode(map: Tensor, height: number, width: number): DarknetBoxes {
    const { anchors, scaleXY, newCoordinates = false } = this.section
    const { values, length, corners, cells, anchorSizes } = boxesOf(map, anchors)
    // With the new coordinates the map has gone through a sigmoid already.
    const squash = (x: Tensor): Tensor => (newCoordinates ? x : x.sigmoid())
    const extents = values.narrow(2, 2, 2)
    return {
      centers: scaled(squash(values.narrow(2, 0, 2)), scaleXY)
        .add(corners)
        .div(cells),
      sizes: (newCoordinates ? extents.mul(extents).mul(4) : growth(extents)).mul(anchorSizes(height, width)),
      scores: squash(values.narrow(2, 4, length - 4)),
    }
  }
}

/**
 * The boxes of Gaussian YOLOv3, [batch, anchors * (9 + classes), rows, columns]: coordinates alternate with their
 * uncertainties, whose mean lowers the scores of the classes.
 */
export class DarknetGaussianYolo extends DarknetBoxLayer {
  readonly section: DarknetSectionOf<'gaussian_yolo'>

  constructor(section: DarknetSectionOf<'gaussian_yolo'>) {
    super()
    this.section = section
  }

  override decode(map: Tensor, height: number, width: number): DarknetBoxes {
    const { anchors, scaleXY, point = 'center' } = this.section
    const { values, length, corners, cells, anchorSizes } = boxesOf(map, anchors)
    const pair = (first: number): Tensor =>
      concat([values.narrow(2, first, 1), values.narrow(2, first + 2, 1)], 2)
    const sizes = growth(pair(4)).mul(anchorSizes(height, width))
    const points = scaled(pair(0).sigmoid(), scaleXY).add(corners).div(cells)
    const shift = { center: 0, left_top: 0.5, right_bottom: -0.5 }[point]
    const uncertainty = concat([pair(1), pair(5)], 2)
      .sigmoid()
      .mean(2, true)
    return {
      centers: shift === 0 ? points : points.add(sizes.mul(shift)),
      sizes,
      scores: concat(
        [
          values.narrow(2, 8, 1).sigmoid(),
          values
            .narrow(2, 9, length - 9)
            .sigmoid()
            .mul(uncertainty.neg().add(1)),
        ],
        2,
      ),
    }
  }
}

/** The boxes of YOLOv2, [batch, anchors * (coordinates + 1 + classes), rows, columns]; anchors are in cells. */
export class DarknetRegion extends DarknetBoxLayer {
  readonly section: DarknetSectionOf<'region'>

  constructor(section: DarknetSectionOf<'region'>) {
    super()
    this.section = section
  }

  override decode(map: Tensor): DarknetBoxes {
    const { anchors, coordinates, softmax, tree } = this.section
    if (tree !== undefined) {
      throw new Error(
        `Darknet: the classes of this detector form the tree of the file ${tree}, which boxes cannot be decoded with`,
      )
    }
    const { values, length, corners, cells, anchorSizes } = boxesOf(map, anchors)
    const classes = values.narrow(2, coordinates + 1, length - coordinates - 1)
    return {
      centers: values.narrow(2, 0, 2).sigmoid().add(corners).div(cells),
      sizes: growth(values.narrow(2, 2, 2)).mul(anchorSizes(map.shape[2]!, map.shape[3]!)),
      scores: concat(
        [values.narrow(2, coordinates, 1).sigmoid(), softmax ? classes.softmax(2) : classes.sigmoid()],
        2,
      ),
    }
  }
}

/**
 * The boxes of YOLOv1, a vector [batch, side * side * (classes + boxes * (1 + 4))]: the classes of all cells, how sure each of
 * their boxes is, and the boxes.
 */
export class DarknetDetection extends DarknetBoxLayer {
  readonly section: DarknetSectionOf<'detection'>

  constructor(section: DarknetSectionOf<'detection'>) {
    super()
    this.section = section
  }

  override decode(map: Tensor): DarknetBoxes {
    const { side, boxes, coordinates, sqrt, softmax } = this.section
    const values = map.flatten(1)
    const [batch, length] = values.shape as [number, number]
    const cells = side * side
    const classes = (length - cells * boxes * (1 + coordinates)) / cells
    const perCell = values.narrow(1, 0, cells * classes).reshape(batch, cells, 1, classes)
    const sure = values.narrow(1, cells * classes, cells * boxes).reshape(batch, cells * boxes, 1)
    const places = values
      .narrow(1, cells * (classes + boxes), cells * boxes * coordinates)
      .reshape(batch, cells * boxes, coordinates)
    const corners = tensor(
      Array.from({ length: cells * boxes }, (_, i) => {
        const cell = Math.floor(i / boxes)
        return [cell % side, Math.floor(cell / side)]
      }),
    )
    const extents = places.narrow(2, 2, 2)
    const each = (softmax ? perCell.softmax(3) : perCell)
      .expand(batch, cells, boxes, classes)
      .reshape(batch, cells * boxes, classes)
    return {
      centers: places.narrow(2, 0, 2).add(corners).div(side),
      sizes: sqrt ? extents.mul(extents) : extents,
      scores: concat([sure, each], 2),
    }
  }
}
