import { describe, expect, it } from 'vitest'
import {
  augmentDetection,
  DetectionLoader,
  evaluateDetector,
  findAnchors,
  yoloScales,
} from '../../src/detection/index.ts'
import { createDarknet, type DarknetDetector } from '../../src/models/darknet-network.ts'
import { createModel } from '../../src/models/index.ts'
import { adam, CosineAnnealingLR } from '../../src/optim/index.ts'
import { Generator, manualSeed } from '../../src/tensor/index.ts'
import { startPosition, trainDetector } from '../../src/train/index.ts'
import { parseDarknetConfig } from '../../src/weights/index.ts'
import { shapeNames, shapes } from '../support/shapes.ts'

const side = 64
const size = [side, side] as const

const convolution = (filters: number, stride: number, kernel = 3): string =>
  `[convolutional]\nbatch_normalize=1\nfilters=${filters}\nsize=${kernel}\nstride=${stride}\npad=1\nactivation=leaky\n`

function smallDetector(anchors: readonly (readonly [number, number])[], seed = 0): DarknetDetector {
  const text = `[net]
width=${side}
height=${side}
channels=3
${convolution(12, 1)}${convolution(24, 2)}${convolution(48, 2)}${convolution(32, 1, 1)}${convolution(64, 1)}
${convolution(64, 2)}${convolution(64, 1)}
[convolutional]
filters=24
size=1
stride=1
activation=linear

[yolo]
mask=0,1,2
anchors=${anchors.flat().map(Math.round).join(',')}
classes=3
num=3
ignore_thresh=.5
iou_normalizer=1
`
  manualSeed(seed)
  return createDarknet(parseDarknetConfig(text)) as DarknetDetector
}

const anchorsOf = (data: ReturnType<typeof shapes>) =>
  findAnchors(
    data.relativeSizes!().map(([w, h]) => [w * side, h * side] as const),
    3,
  ).anchors

describe('trainDetector', () => {
  it('learns to find shapes in images that it has not seen', async () => {
    const training = shapes(320, side, 1)
    const model = smallDetector(anchorsOf(training))
    const optimizer = adam(model.parameters(), { lr: 0.006 })
    const epochs = 20
    const train = new DetectionLoader(training, {
      size,
      batchSize: 16,
      shuffle: true,
      seed: 1,
      augment: { jitter: 0.05, hue: 0, saturation: 1.2, exposure: 1.2 },
    })
    const { history } = await trainDetector({
      model,
      optimizer,
      epochs,
      train,
      validation: new DetectionLoader(shapes(100, side, 2), { size, batchSize: 50 }),
      validateEvery: epochs,
      scheduler: new CosineAnnealingLR(optimizer, { tMax: epochs * train.length }),
      schedulerInterval: 'step',
    })
    const { validation, train: last } = history.at(-1)!
    expect(history.slice(0, -1).every((report) => report.validation === null)).toBe(true)
    expect(last.loss).toBeLessThan(history[0]!.train.loss / 5)
    expect(validation!.ap50).toBeGreaterThan(0.8)
    expect(validation!.classes.map(({ name }) => name)).toEqual(shapeNames)
  }, 240_000)

  it('goes on from a place to the same parameters, bit for bit', async () => {
    const data = shapes(12, side, 3)
    const run = async (stopAt: number | null) => {
      const model = smallDetector([
        [10, 10],
        [20, 20],
        [30, 30],
      ])
      const optimizer = adam(model.parameters(), { lr: 0.001 })
      const train = new DetectionLoader(data, {
        size,
        batchSize: 4,
        shuffle: true,
        seed: 5,
        sizes: 1.5,
        augment: {},
      })
      const stop = new AbortController()
      const options = { model, optimizer, train, epochs: 2 }
      const afterStep = ({ step }: { step: number }) => {
        if (step === stopAt) stop.abort()
      }
      const first = await trainDetector({ ...options, afterStep, signal: stop.signal }, startPosition)
      expect(first.interrupted).toBe(stopAt !== null)
      if (first.interrupted) await trainDetector(options, first.position)
      return Promise.all(model.parameters().map((parameter) => parameter.data()))
    }
    expect(await run(4)).toEqual(await run(null))
  }, 60_000)

  it('refuses networks that it cannot train, and data with other classes', async () => {
    const model = smallDetector([
      [10, 10],
      [20, 20],
      [30, 30],
    ])
    const odd = { ...shapes(2, side, 1), classes: ['one'] }
    await expect(evaluateDetector(model, new DetectionLoader(odd, { size }))).rejects.toThrow(/1 classes/)
    expect(() => new DetectionLoader(odd, { size: [60, 64] })).toThrow(/multiples of 32/)
  })

  it('takes every scale of the registry and any number of classes', async () => {
    for (const [name, scales] of [
      ['yolov3-tiny', 2],
      ['yolov4-tiny', 2],
    ] as const) {
      const model = (await createModel(name, { numClasses: 4 })) as DarknetDetector
      const found = yoloScales(model)
      expect(found.map(({ classes }) => classes)).toEqual(new Array(scales).fill(4))
    }
  })
})

describe('augmentDetection', () => {
  const sample = shapes(1, 96, 7).get(0)

  it('repeats itself with the generator, and keeps boxes on their objects', async () => {
    const { image, objects } = await sample
    for (let seed = 0; seed < 30; seed++) {
      const changed = augmentDetection({ image, objects }, [96, 64], new Generator(seed), {
        jitter: 0.3,
        resize: 1.3,
        hue: 0,
      })
      expect(
        augmentDetection({ image, objects }, [96, 64], new Generator(seed), {
          jitter: 0.3,
          resize: 1.3,
          hue: 0,
        }),
      ).toEqual(changed)
      expect([changed.image.width, changed.image.height]).toEqual([64, 96])
      for (const { center, size } of changed.objects) {
        for (const axis of [0, 1] as const) {
          expect(center[axis] - size[axis] / 2).toBeGreaterThan(-1e-9)
          expect(center[axis] + size[axis] / 2).toBeLessThan(1 + 1e-9)
        }
        // The middle of a shape is bright, the ground is dark.
        const at = (Math.floor(center[1] * 96) * 64 + Math.floor(center[0] * 64)) * 3
        expect(Math.max(...changed.image.data.subarray(at, at + 3))).toBeGreaterThan(0.4)
      }
    }
  })

  it('drops objects of which too little is seen', () => {
    const image = { width: 100, height: 100, channels: 3 as const, data: new Uint8Array(30_000) }
    const corner = { image, objects: [{ label: 0, box: [0, 0, 10, 10] as const }] }
    const kept = (minimumVisible: number) =>
      Array.from(
        { length: 200 },
        (_, seed) =>
          augmentDetection(corner, [96, 96], new Generator(seed), { jitter: 0.1, minimumVisible }).objects
            .length,
      ).reduce((sum, n) => sum + n, 0)
    expect(kept(1)).toBeLessThan(kept(0.5))
    expect(kept(0.5)).toBeLessThan(kept(0))
    expect(() => augmentDetection(corner, [96, 96], new Generator(0), { jitter: 0.6 })).toThrow(/jitter/)
  })
})
