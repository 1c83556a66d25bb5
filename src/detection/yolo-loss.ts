import { arange, concat, customGradient, noGrad, type Tensor, tensor, where, zeros } from '../tensor/index.ts'
import { generalizedOverlapOf, overlapOf, type TensorBoxes } from './overlap-gradient.ts'
import { boxDeltasOf, type Entries, sizeOf } from './yolo-box-deltas.ts'
import { completeOptions, type YoloLossOptions, type YoloScale, yoloLossOptions } from './yolo-options.ts'

/**
 * The loss of a YOLO detector (v3 and v4) as Darknet computes it, from the raw maps of its scales as `DarknetDetector.maps` gives
 * them, and the objects [batch, objects, 5] of `stackTargets`.
 *
 * Darknet writes gradients ("deltas") by hand rather than a loss: the gradient of what this returns is Darknet's, over the batch's
 * size. The value is the average loss that Darknet prints (the mean over the scales, over the batch's size), which falls along
 * that gradient but is not its integral. With `iouNormalizer` and the like the learning rates of .cfg files hold here.
 *
 * @param scales Of the maps, in their order: the sections of the network's `DarknetYolo` layers, for instance.
 * @param size The height and width of the images in pixels.
 * @param options Of all scales, over what the entries of their sections say.
 */
export function yoloLoss(
  maps: readonly Tensor[],
  targets: Tensor,
  scales: readonly YoloScale[],
  size: readonly [height: number, width: number],
  options: YoloLossOptions = {},
): Tensor {
  if (maps.length === 0 || maps.length !== scales.length) {
    throw new RangeError(`yoloLoss: ${maps.length} maps for ${scales.length} scales`)
  }
  const batch = maps[0]!.shape[0]!
  const terms = maps.map((map, i) => {
    const scale = withAnchors(scales, i)
    const own = completeOptions({ ...(scale.other && yoloLossOptions(scale.other)), ...options })
    const { deltas, cost } = noGrad(() => scaleDeltas(map.detach(), targets, scale, size, own))
    return customGradient(
      [map],
      () => cost.div(batch * maps.length),
      (gradient) => [deltas.mul(gradient.div(-batch))],
    )
  })
  return terms.reduce((sum, term) => sum.add(term))
}

type CompleteScale = YoloScale & Required<Pick<YoloScale, 'mask' | 'allAnchors'>>

/** A scale that knows the anchors of all: those of its section, or else those of all sections, each size once. */
function withAnchors(scales: readonly YoloScale[], place: number): CompleteScale {
  const scale = scales[place]!
  if (scale.newCoordinates) {
    throw new RangeError(
      'yoloLoss: scales with new_coords cannot be trained; the section must be without that entry',
    )
  }
  if (scale.mask && scale.allAnchors) return { ...scale, mask: scale.mask, allAnchors: scale.allAnchors }
  const allAnchors = scales
    .flatMap(({ anchors }) => anchors)
    .filter(([w, h], i, all) => all.findIndex(([x, y]) => x === w && y === h) === i)
  const mask = scale.anchors.map(([w, h]) => allAnchors.findIndex(([x, y]) => x === w && y === h))
  return { ...scale, mask, allAnchors }
}

interface Deltas {
  /** Of the map's shape: where each value should go. */
  readonly deltas: Tensor
  /** What Darknet calls the cost of the layer. */
  readonly cost: Tensor
}

/** The objects, each [batch, objects]. */
interface Truths extends TensorBoxes {
  readonly label: Tensor
  /** Whether there is one. */
  readonly there: Tensor
}

function truthsOf(targets: Tensor): Truths {
  const [x, y, width, height, label] = targets.unbind(2) as [Tensor, Tensor, Tensor, Tensor, Tensor]
  return { x, y, width, height, label, there: width.gt(0).logicalAnd(height.gt(0)) }
}

const mapBoxes = (boxes: TensorBoxes, change: (values: Tensor) => Tensor): TensorBoxes => ({
  x: change(boxes.x),
  y: change(boxes.y),
  width: change(boxes.width),
  height: change(boxes.height),
})

function scaleDeltas(
  map: Tensor,
  targets: Tensor,
  { anchors, classes, scaleXY, mask, allAnchors }: CompleteScale,
  [height, width]: readonly [number, number],
  options: ReturnType<typeof completeOptions>,
): Deltas {
  const [batch, channels, rows, columns] = map.shape as [number, number, number, number]
  const values = 5 + classes
  if (channels !== anchors.length * values) {
    throw new RangeError(
      `yoloLoss: a map of ${channels} channels does not hold ${anchors.length} anchors with ${classes} classes`,
    )
  }
  const cells = rows * columns
  const count = anchors.length * cells
  const raw = map
    .reshape(batch, anchors.length, values, cells)
    .permute(0, 2, 1, 3)
    .reshape(batch, values, count)
  const places = raw
    .narrow(1, 0, 2)
    .sigmoid()
    .mul(scaleXY)
    .sub((scaleXY - 1) / 2)
  const extents = raw.narrow(1, 2, 2)
  const sure = raw.select(1, 4).sigmoid()
  const kinds = raw.narrow(1, 5, classes).sigmoid()

  const truths = truthsOf(targets)
  const objects = truths.x.shape[1]!
  const anchorSizes = (list: readonly (readonly [number, number])[], side: 0 | 1, over: number): Tensor =>
    tensor(list.map((anchor) => anchor[side] / over))
  const ownWidths = anchorSizes(anchors, 0, width)
  const ownHeights = anchorSizes(anchors, 1, height)
  const perBox = (own: Tensor): Tensor => own.unsqueeze(1).expand(anchors.length, cells).reshape(1, count)
  const cell = arange(cells).float()
  const row = cell
    .div(columns)
    .add(0.5 / columns)
    .floor()
  const column = cell.sub(row.mul(columns))
  const perCell = (own: Tensor): Tensor => own.unsqueeze(0).expand(anchors.length, cells).reshape(1, count)
  const boxes: TensorBoxes = {
    x: places.select(1, 0).add(perCell(column)).div(columns),
    y: places.select(1, 1).add(perCell(row)).div(rows),
    width: sizeOf(extents.select(1, 0), perBox(ownWidths)),
    height: sizeOf(extents.select(1, 1), perBox(ownHeights)),
  }

  const each = overlapOf(
    mapBoxes(boxes, (own) => own.unsqueeze(2)),
    mapBoxes(truths, (own) => own.unsqueeze(1)),
  )
  const nearest = each.amax(2)
  const near = nearest.gt(options.ignoreThreshold)
  // Darknet asks for some class, not for the object's.
  const known = kinds.amax(1).gt(0.25)
  const ignored = near.logicalAnd(known)

  // An anchor that fits finds the object in the cell of its centre.
  const shapes = overlapOf(
    mapBoxes({ ...truths, x: truths.x.mul(0), y: truths.y.mul(0) }, (own) => own.unsqueeze(2)),
    {
      x: zeros([allAnchors.length]),
      y: zeros([allAnchors.length]),
      width: anchorSizes(allAnchors, 0, width),
      height: anchorSizes(allAnchors, 1, height),
    },
  )
  const own = tensor(Int32Array.from(mask), [mask.length])
  const best = shapes.argmax(2, true).eq(own)
  const fitting =
    options.iouThreshold < 1 ? best.logicalOr(shapes.indexSelect(2, own).gt(options.iouThreshold)) : best
  const entries = objects * anchors.length
  const assigned = fitting.logicalAnd(truths.there.unsqueeze(2)).reshape(batch, entries)
  const within = (at: Tensor, cellCount: number): Tensor =>
    at
      .mul(cellCount)
      .floor()
      .clamp(0, cellCount - 1)
  const [cellX, cellY] = [within(truths.x, columns), within(truths.y, rows)]
  const spread = (perObject: Tensor): Tensor =>
    perObject.unsqueeze(2).expand(batch, objects, anchors.length).reshape(batch, entries)
  const index = cellY
    .mul(columns)
    .add(cellX)
    .unsqueeze(2)
    .add(arange(anchors.length).float().mul(cells))
    .reshape(batch, entries)
    .to('int32')

  const mine = (perBoxValues: Tensor): Tensor => perBoxValues.expand(batch, count).gather(1, index)
  // Rows that hold no object get a harmless box, and no part in anything.
  const truth = mapBoxes(truths, (values) => spread(where(truths.there, values, 0.5)))
  const entry: Entries = {
    truth,
    box: mapBoxes(boxes, mine),
    outputs: [...places.unbind(1), ...extents.unbind(1)].map(mine),
    cellX: spread(cellX),
    cellY: spread(cellY),
    anchorWidth: mine(perBox(ownWidths)),
    anchorHeight: mine(perBox(ownHeights)),
    rows,
    columns,
  }
  const part = assigned.float()
  const scatter = (source: Tensor): Tensor => zeros([batch, count]).scatterAdd(1, index, source.mul(part))
  let found = scatter(part).gt(0)
  let boxDeltas = boxDeltasOf(entry, options).map(scatter)
  const label = spread(truths.label)
  const classList = arange(classes).float().reshape(1, classes, 1)
  const chosen = label.unsqueeze(1).eq(classList).float().mul(part.unsqueeze(1))
  let positive = zeros([batch, classes, count])
    .scatterAdd(2, index.unsqueeze(1).expand(batch, classes, entries), chosen)
    .gt(0)

  if (options.truthThreshold < 1) {
    const matched = nearest.gt(options.truthThreshold)
    const at = each.argmax(2)
    const take = (perObject: Tensor): Tensor => perObject.gather(1, at)
    const all: Entries = {
      truth: mapBoxes(truths, (values) => take(where(truths.there, values, 0.5))),
      box: boxes,
      outputs: [...places.unbind(1), ...extents.unbind(1)],
      cellX: perCell(column),
      cellY: perCell(row),
      anchorWidth: perBox(ownWidths),
      anchorHeight: perBox(ownHeights),
      rows,
      columns,
    }
    const more = boxDeltasOf(all, options)
    boxDeltas = boxDeltas.map((sum, i) => sum.add(where(matched, more[i]!, 0)))
    found = found.logicalOr(matched)
    positive = positive.logicalOr(
      take(truths.label).unsqueeze(1).eq(classList).logicalAnd(matched.unsqueeze(1)),
    )
  }

  const smoothing = options.labelSmoothing
  const wanted = positive
    .float()
    .mul(1 - smoothing)
    .add(smoothing / 2)
  const classDeltas = where(found.unsqueeze(1), wanted.sub(kinds), 0).mul(options.clsNormalizer)
  const objectDelta = where(found, sure.neg().add(1), where(ignored, 0, sure.neg())).mul(
    options.objNormalizer,
  )
  if (options.iouThreshold < 1) {
    // Several objects in one place share it.
    const sharing = classDeltas.gt(0).float().sum(1).clamp(1)
    boxDeltas = boxDeltas.map((delta) => delta.div(sharing))
  }

  const others = concat([objectDelta.unsqueeze(1), classDeltas], 1)
  const ofBoxes = concat(
    boxDeltas.map((delta) => delta.unsqueeze(1)),
    1,
  )
  const deltas = concat([ofBoxes, others], 1)
    .reshape(batch, values, anchors.length, cells)
    .permute(0, 2, 1, 3)
    .reshape(map.shape)
  if (options.boxLoss === 'mse') return { deltas, cost: deltas.mul(deltas).sum() }
  const overlap = (options.boxLoss === 'giou' ? generalizedOverlapOf : overlapOf)(entry.box, truth)
  const missing = overlap.neg().add(1).mul(part).sum().div(part.sum().clamp(1))
  const cost = missing.mul(options.iouNormalizer).add(others.mul(others).sum().mul(options.objNormalizer))
  return { deltas, cost }
}
