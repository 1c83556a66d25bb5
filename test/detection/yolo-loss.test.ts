import { describe, expect, it } from 'vitest'
import { stackTargets, type TargetBox, yoloLoss, yoloLossOptions } from '../../src/detection/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import fixtures from './fixtures/yolo-loss.json' with { type: 'json' }

/** xorshift32, as in fixtures/yolo-loss.py. */
function numbers(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x / 4294967296
  }
}

const allAnchors = [
  [10, 14],
  [23, 27],
  [37, 58],
  [81, 82],
  [60, 20],
] as const
const [height, width, rows, columns, classes, batch, objects] = [96, 128, 3, 4, 2, 2, 6]

/** The maps and objects of fixtures/yolo-loss.py, number for number. */
function make(number: number, mask: readonly number[]): { map: Float32Array; truths: TargetBox[][] } {
  const next = numbers(1234567 + 7919 * number)
  const size = batch * mask.length * (5 + classes) * rows * columns
  const map = Float32Array.from({ length: size }, () => 3 * next() - 1.5)
  const truths = Array.from({ length: batch }, () => {
    const own: TargetBox[] = []
    for (let t = 0; t < objects; t++) {
      if (t === 4) {
        own.push({ ...own[0]!, label: 1 - own[0]!.label })
        continue
      }
      const [w, h] = allAnchors[Math.floor(next() * allAnchors.length)]!
      const size = [(w / width) * (0.7 + 0.6 * next()), (h / height) * (0.7 + 0.6 * next())] as const
      const center = [next(), next()] as const
      own.push({ center, size, label: Math.floor(next() * classes) })
    }
    return own.slice(0, objects - Math.floor(next() * 3))
  })
  return { map, truths }
}

async function lossOf(number: number): Promise<{ loss: number; gradient: Float32Array }> {
  const { case: entries } = fixtures[number]!
  const { mask, scale_x_y: scaleXY = 1, ...others } = entries
  const { map, truths } = make(number, mask)
  const values = tensor(map, [batch, mask.length * (5 + classes), rows, columns], { requiresGrad: true })
  const scale = {
    anchors: mask.map((i) => allAnchors[i]!),
    mask,
    allAnchors,
    classes,
    scaleXY,
    other: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
  }
  const loss = yoloLoss([values], stackTargets(truths, classes), [scale], [height, width])
  loss.backward()
  return { loss: await loss.item(), gradient: (await values.grad!.data()) as Float32Array }
}

describe('yoloLoss', () => {
  for (const [i, { case: entries, cost, deltas }] of fixtures.entries()) {
    const name = Object.entries(entries).map(([key, value]) => `${key}=${value}`)
    it(`has Darknet's loss and gradient with ${name.join(' ')}`, async () => {
      const { loss, gradient } = await lossOf(i)
      expect(Math.abs(loss * batch - cost) / cost).toBeLessThan(1e-5)
      const largest = Math.max(...deltas.map(Math.abs))
      for (const [k, delta] of deltas.entries()) {
        const difference = Math.abs(-gradient[k]! * batch - delta)
        expect(difference, `value ${k}: ${-gradient[k]! * batch}, not ${delta}`).toBeLessThan(
          1e-4 * Math.abs(delta) + 1e-6 * largest,
        )
      }
    })
  }
})

describe('yoloLoss of a whole detector', () => {
  const scales = [
    { anchors: [allAnchors[2], allAnchors[3]], classes: 2, scaleXY: 1 },
    { anchors: [allAnchors[0], allAnchors[1]], classes: 2, scaleXY: 1 },
  ]
  const maps = (seed: number) => {
    const next = numbers(seed)
    return [
      [3, 4],
      [6, 8],
    ].map(([h, w]) => {
      const size = 14 * h! * w!
      return tensor(
        Float32Array.from({ length: size }, () => 2 * next() - 1),
        [1, 14, h!, w!],
        { requiresGrad: true },
      )
    })
  }
  const near = (anchor: readonly [number, number]): TargetBox => ({
    label: 1,
    center: [0.5, 0.5],
    size: [anchor[0] / width, anchor[1] / height],
  })

  it('gives an object to the scale whose anchor fits it best, and to no other', async () => {
    const [coarse, fine] = maps(1) as [ReturnType<typeof tensor>, ReturnType<typeof tensor>]
    yoloLoss([coarse, fine], stackTargets([[near(allAnchors[1])]], 2), scales, [height, width]).backward()
    const boxes = async (map: typeof fine, cells: number) =>
      (await map.grad!.data()).filter((value, i) => Math.floor(i / cells) % 7 < 4 && value !== 0)
    expect(await boxes(coarse, 12)).toHaveLength(0)
    expect(await boxes(fine, 48)).toHaveLength(4)
  })

  it('asks only that nothing be seen where there is nothing', async () => {
    const [coarse, fine] = maps(2) as [ReturnType<typeof tensor>, ReturnType<typeof tensor>]
    const loss = yoloLoss([coarse, fine], stackTargets([[]], 2), scales, [height, width])
    loss.backward()
    expect(await loss.item()).toBeGreaterThan(0)
    const gradient = await fine.grad!.data()
    for (const [i, value] of gradient.entries()) {
      if (Math.floor(i / 48) % 7 === 4) expect(value).toBeGreaterThan(0)
      else expect(Math.abs(value)).toBe(0)
    }
  })

  it('takes an object at the very edge, and is finite for wild maps', async () => {
    const edge: TargetBox = { label: 0, center: [1, 1], size: [0.2, 0.2] }
    for (const boxLoss of ['mse', 'iou', 'giou', 'diou', 'ciou'] as const) {
      const wild = maps(3).map((map) => map.detach().mul(300))
      for (const map of wild) expect(map.shape.length).toBe(4)
      const leaves = await Promise.all(
        wild.map(async (map) => tensor((await map.data()).slice(), map.shape, { requiresGrad: true })),
      )
      yoloLoss(leaves, stackTargets([[edge]], 2), scales, [height, width], { boxLoss }).backward()
      for (const { grad } of leaves) for (const value of await grad!.data()) expect(value).not.toBeNaN()
    }
  })

  it('is the mean over images, whatever fills up', async () => {
    const [coarse, fine] = maps(4) as [ReturnType<typeof tensor>, ReturnType<typeof tensor>]
    const own = near(allAnchors[2])
    const one = await yoloLoss([coarse, fine], stackTargets([[own]], 2), scales, [height, width]).item()
    const twice = [coarse, fine].map((map) => map.expand(2, -1, -1, -1))
    const two = yoloLoss(twice, stackTargets([[own], [own]], 2), scales, [height, width])
    expect(await two.item()).toBeCloseTo(one, 4)
    const more = stackTargets([[own], Array.from({ length: 9 }, () => own)], 2)
    expect(more.shape).toEqual([2, 16, 5])
  })

  it('says what does not fit', () => {
    const [coarse, fine] = maps(5) as [ReturnType<typeof tensor>, ReturnType<typeof tensor>]
    const targets = stackTargets([[]], 2)
    expect(() => yoloLoss([coarse], targets, scales, [96, 128])).toThrow(/1 maps for 2 scales/)
    expect(() => yoloLoss([coarse.narrow(1, 0, 7), fine], targets, scales, [96, 128])).toThrow(/7 channels/)
    const odd = scales.map((scale) => ({ ...scale, newCoordinates: true }))
    expect(() => yoloLoss([coarse, fine], targets, odd, [96, 128])).toThrow(/new_coords/)
    expect(() => yoloLoss([coarse, fine], targets, scales, [96, 128], { iouThreshold: -1 })).toThrow(
      /iouThreshold/,
    )
    expect(() => stackTargets([[{ ...near([9, 9]), label: 2 }]], 2)).toThrow(/object 0 of image 0: class 2/)
    expect(() => stackTargets([[near([0, 9])]], 2)).toThrow(/area/)
  })
})

describe('yoloLossOptions', () => {
  it('reads the entries of a section and takes over what is left out from Darknet', () => {
    expect(
      yoloLossOptions({ iou_loss: 'ciou', iou_normalizer: '0.07', jitter: '.3', truth_thresh: '1' }),
    ).toEqual({
      boxLoss: 'ciou',
      iouNormalizer: 0.07,
      truthThreshold: 1,
      ignoreThreshold: 0.5,
    })
    expect(yoloLossOptions({ focal_loss: '0', objectness_smooth: '0' }).boxLoss).toBe('mse')
  })

  it('refuses what would train otherwise', () => {
    expect(() => yoloLossOptions({ focal_loss: '1' })).toThrow(/focal_loss=1 is not supported/)
    expect(() => yoloLossOptions({ counters_per_class: '1,2' })).toThrow(/counters_per_class/)
    expect(() => yoloLossOptions({ iou_loss: 'best' })).toThrow(/none of mse/)
    expect(() => yoloLossOptions({ ignore_thresh: 'x' })).toThrow(/number from 0/)
  })
})
