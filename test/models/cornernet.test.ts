import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  BottomPool,
  type CornerMaps,
  cornerNetLoss,
  decodeCorners,
  LeftPool,
  RightPool,
  TopPool,
} from '../../src/models/building-blocks.ts'
import { createModel, summary } from '../../src/models/index.ts'
import { grad, noGrad, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'

/** What the authors' code gives for maps of two images from two hourglasses; golden/cornernet.py writes it. */
const reference = JSON.parse(
  readFileSync(new URL('fixtures/cornernet.json', import.meta.url), 'utf8'),
) as Readonly<{
  classes: number
  height: number
  width: number
  /** By kind of output (heat, tag, offset, each top left and bottom right), then hourglass. */
  outputs: number[][][]
  heats: number[][]
  offsets: number[][]
  cells: number[][]
  mask: number[]
  loss: number
  /** By image: x1, y1, x2, y2, score, those of the corners, class. */
  detections: number[][][]
}>
const { classes, height, width } = reference

const float = (values: readonly number[], ...shape: number[]): Tensor =>
  tensor(Float32Array.from(values), shape)

describe('corner pooling', () => {
  const rows = [
    [1, 5, 2],
    [4, 3, 3],
    [0, 6, 1],
  ]
  const x = float(rows.flat(), 1, 1, 3, 3)

  it.each([
    [new TopPool(), [4, 6, 3, 4, 6, 3, 0, 6, 1]],
    [new BottomPool(), [1, 5, 2, 4, 5, 3, 4, 6, 3]],
    [new LeftPool(), [5, 5, 2, 4, 3, 3, 6, 6, 1]],
    [new RightPool(), [1, 5, 5, 4, 4, 4, 0, 6, 6]],
  ])('%s gives running maxima', async (pool, expected) => {
    expect([...(await pool.forward(x).data())]).toEqual(expected)
  })

  it('sends the gradient to where the maximum was', async () => {
    const leaf = float(rows.flat(), 1, 1, 3, 3)
    leaf.requiresGrad = true
    const [gradient] = grad(
      new TopPool()
        .forward(leaf)
        .mul(float([1, 2, 4, 8, 16, 32, 64, 128, 256], 3, 3))
        .sum(),
      [leaf],
    )
    expect([...(await gradient!.data())]).toEqual([0, 0, 0, 9, 0, 36, 64, 146, 256])
  })
})

describe('cornerNetLoss', () => {
  const channels = [classes, classes, 1, 1, 2, 2]
  const targets = {
    heats: reference.heats.map((values) => float(values, 2, classes, height, width)) as [Tensor, Tensor],
    offsets: reference.offsets.map((values) => float(values, 2, 3, 2)) as [Tensor, Tensor],
    cells: reference.cells.map((values) => tensor(Int32Array.from(values), [2, 3])) as [Tensor, Tensor],
    mask: float(reference.mask, 2, 3),
  }

  it('is that of the authors', async () => {
    const outputs = reference.outputs.flatMap((stacks, kind) =>
      stacks.map((values) => float(values, 2, channels[kind]!, height, width)),
    )
    const loss = await cornerNetLoss(outputs, targets).item()
    expect(Math.abs(loss - reference.loss) / reference.loss).toBeLessThan(1e-5)
    const pushed = await cornerNetLoss(outputs, targets, { push: 1 }).item()
    expect(pushed).toBeGreaterThan(loss + 1e-3)
  })

  it('is finite where an image has no objects', async () => {
    const outputs = channels.map((n) => zeros([2, n, height, width]))
    const heats = targets.heats.map((t) => t.mul(0.5)) as [Tensor, Tensor]
    const loss = await cornerNetLoss(outputs, { ...targets, heats, mask: zeros([2, 3]) }).item()
    expect(Number.isFinite(loss)).toBe(true)
  })

  it('wants six outputs of each hourglass', () => {
    expect(() => cornerNetLoss([zeros([1])], targets)).toThrow(/needs six outputs of each hourglass, got 1/)
  })
})

describe('decodeCorners', () => {
  /** Of one image, what the second hourglass gives for one side. */
  const maps = (image: number, side: 0 | 1): CornerMaps => {
    const [heat, tags, offsets] = [0, 2, 4].map((kind) => {
      const values = reference.outputs[kind + side]![1]!
      return values.slice((image * values.length) / 2, ((image + 1) * values.length) / 2)
    })
    return { heat: heat!, tags: tags!, offsets: offsets! }
  }

  it.each([0, 1])('finds what the authors find in image %i', (image) => {
    const found = decodeCorners(maps(image, 0), maps(image, 1), [height, width], { topK: 12 })
    const expected = reference.detections[image]!
    expect(found).toHaveLength(expected.length)
    for (const [i, box] of found.entries()) {
      const { x1, y1, x2, y2, score, topLeftScore, bottomRightScore, classIndex } = box
      const row = [x1, y1, x2, y2, score, topLeftScore, bottomRightScore, classIndex]
      for (const [j, value] of row.entries()) expect(value).toBeCloseTo(expected[i]![j]!, 6)
    }
  })

  const low = -10
  const flat = (places: Readonly<Record<number, number>>, size: number, rest = 0): number[] =>
    Array.from({ length: size }, (_, i) => places[i] ?? rest)
  const corner = (heat: Record<number, number>, tags: Record<number, number> = {}): CornerMaps => ({
    heat: flat(heat, 2 * 16, low),
    tags: flat(tags, 16),
    offsets: flat({}, 2 * 16, 0.25),
  })

  it('pairs corners of one class, like tags and the right order', () => {
    const [first] = decodeCorners(corner({ 0: 3, 1: 2 }), corner({ 15: 1 }), [4, 4])
    // Cell 1 is beside a higher one of its class, so that it is no peak.
    expect(first).toMatchObject({ x1: 0.25, y1: 0.25, x2: 3.25, y2: 3.25, classIndex: 0 })
    const best = (a: CornerMaps, b: CornerMaps): number => decodeCorners(a, b, [4, 4], { topK: 1 }).length
    expect(best(corner({ 0: 3 }), corner({ 15: 1 }))).toBe(1)
    expect(best(corner({ 0: 3 }), corner({ 31: 1 }))).toBe(0)
    expect(best(corner({ 0: 3 }, { 0: 0.6 }), corner({ 15: 1 }))).toBe(0)
    expect(best(corner({ 15: 3 }), corner({ 0: 1 }))).toBe(0)
  })

  it('gives as many as wanted, and says what does not fit', () => {
    const all = decodeCorners(corner({}), corner({}), [4, 4])
    expect(decodeCorners(corner({}), corner({}), [4, 4], { maxDetections: 2 })).toEqual(all.slice(0, 2))
    expect(() => decodeCorners(corner({}), corner({}), [4, 5])).toThrow(
      /topLeft must have classes \* 20 heat/,
    )
    expect(() => decodeCorners(corner({}), corner({}), [4, 4], { kernelSize: 2 })).toThrow(
      /odd and positive, got 2/,
    )
  })
})

describe('CornerNet', () => {
  it('leaves heads for training out of an evaluation', async () => {
    const network = await createModel('cornernet_squeeze', { lastHeadsOnly: true })
    expect(summary(network.eval(), [1, 3, 511, 511]).macs).toBe(51_229_456_384)
    const x = zeros([1, 3, 128, 128])
    expect(noGrad(() => network.forwardAll(x)).map(({ shape }) => shape[1])).toEqual([80, 80, 1, 1, 2, 2])
    expect(noGrad(() => network.train().forwardAll(zeros([2, 3, 128, 128])))).toHaveLength(12)
  })

  it('is an hourglass alone without its heads', async () => {
    const network = await createModel('cornernet_squeeze', { featuresOnly: true })
    expect(network.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(24_728_448)
    expect(summary(network.eval(), [1, 3, 511, 511]).macs).toBe(36_828_313_600)
  })
})
