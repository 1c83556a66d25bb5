import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readImage } from '../../src/data/node.ts'
import { type Detection, Detector, detect } from '../../src/detection/detect.ts'
import { createDarknet, type DarknetDetector } from '../../src/models/darknet-network.ts'
import { classLabels, createModel } from '../../src/models/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { type Image, makeImage } from '../../src/transforms/index.ts'
import { parseDarknetConfig } from '../../src/weights/darknet/parse.ts'
import { loadStateDict } from '../../src/weights/index.ts'
import { sharedPath } from '../support/shared.ts'

/** One box a cell of 32 pixels, as sure as the cell is red: no weights but the mean of the pixels. */
function redness(extra = ''): DarknetDetector {
  const network = createDarknet(
    parseDarknetConfig(
      `[net]\nwidth=128\nheight=64\n${extra}\n[local_avgpool]\nsize=32\nstride=32\npadding=0\n` +
        '[convolutional]\nfilters=7\nsize=1\nactivation=linear\n[yolo]\nmask=0\nanchors=40,40\nclasses=2\n',
    ),
  ) as DarknetDetector
  const state = network.stateDict()
  // Sure where the cell is red; of the first class where there is no green, of the second where there is.
  state.get('module_list.1.Conv2d.bias')!.assign(tensor([0, 0, 0, 0, -5, 5, -5]))
  const weight = new Float32Array(21)
  weight[4 * 3] = 10
  weight[5 * 3 + 1] = -10
  weight[6 * 3 + 1] = 10
  state.get('module_list.1.Conv2d.weight')!.assign(tensor(weight).reshape(7, 3, 1, 1))
  return network
}

/** A dark picture with squares of 64 pixels, of a red and a green. */
function squares(places: readonly (readonly [x: number, y: number, green: number])[]): Image {
  const [width, height] = [256, 128]
  const data = new Uint8Array(width * height * 3)
  for (const [left, top, green] of places) {
    for (let y = top; y < top + 64; y++) {
      for (let x = left; x < left + 64; x++) data.set([255, green, 0], (y * width + x) * 3)
    }
  }
  return makeImage(width, height, 3, data)
}

const sorted = (found: readonly Detection[]) => [...found].sort((a, b) => a.box[0] - b.box[0])

describe('Detector', () => {
  it('gives boxes in pixels of the photographs, for each of several', async () => {
    const detector = new Detector(redness(), { labels: ['red', 'yellow'] })
    const [first, second, third] = await detector.detect([
      squares([
        [64, 0, 0],
        [192, 64, 255],
      ]),
      squares([]),
      squares([[0, 64, 0]]),
    ])
    // A cell is 64 pixels of the photograph, and the anchor of 40 makes 80.
    const [red, yellow] = sorted(first!)
    expect(first).toHaveLength(2)
    expect(red).toMatchObject({ classIndex: 0, label: 'red' })
    expect(yellow).toMatchObject({ classIndex: 1, label: 'yellow' })
    for (const [i, value] of [56, 0, 136, 72].entries()) expect(red!.box[i]).toBeCloseTo(value, 3)
    for (const [i, value] of [184, 56, 256, 128].entries()) expect(yellow!.box[i]).toBeCloseTo(value, 3)
    expect(second).toEqual([])
    expect(third!.map(({ label }) => label)).toEqual(['red'])
    expect(await detector.detect([])).toEqual([])
  })

  it('finds the same in other sizes, letterboxed and with augmentation', async () => {
    const photograph = squares([[64, 0, 0]])
    const detector = new Detector(redness())
    const [plain] = await detector.detect([photograph])
    expect(plain![0]!.label).toBe('class 0')
    // Proportions are those of the input already: nothing changes.
    expect((await detector.detect([photograph], { letterbox: true }))[0]).toEqual(plain)
    const [tall] = await detector.detect([photograph], { letterbox: true, inputSize: [128, 128] })
    const center = ([x1, y1, x2, y2]: Detection['box']) => [(x1 + x2) / 2, (y1 + y2) / 2]
    expect(center(tall![0]!.box)[0]).toBeCloseTo(96, 0)
    // Seen mirrored, the square is where it was.
    const [merged] = await detector.detect([photograph], { augment: true, iou: 0.1 })
    expect(merged).toHaveLength(1)
    const [left, right] = [merged![0]!.box[0], merged![0]!.box[2]]
    expect((left + right) / 2).toBeCloseTo(96, -1)
  })

  it('follows the letter_box of the configuration', async () => {
    const square = makeImage(64, 64, 3, new Uint8Array(64 * 64 * 3).fill(255))
    const [squashed] = await detect(redness(), [square], { confidence: 0.1, iou: 1, maxDetections: 50 })
    const [boxed] = await detect(redness('letter_box=1'), [square], {
      confidence: 0.1,
      iou: 1,
      maxDetections: 50,
    })
    expect(squashed).toHaveLength(8)
    // Two columns of white between grey ones, which are half as red.
    expect(boxed!.filter(({ score }) => score > 0.9)).toHaveLength(4)
  })

  it('suppresses across classes if asked to, and shows no more than wanted', async () => {
    const photograph = squares([[64, 0, 128]])
    const options = { confidence: 0.01 }
    expect((await detect(redness(), [photograph], options))[0]).toHaveLength(2)
    expect((await detect(redness(), [photograph], { ...options, classAgnostic: true }))[0]).toHaveLength(1)
    expect((await detect(redness(), [photograph], { ...options, maxDetections: 1 }))[0]).toHaveLength(1)
  })

  it('refuses what cannot be', async () => {
    const detector = new Detector(redness())
    await expect(detector.detect([squares([])], { inputSize: 100 })).rejects.toThrow(
      /multiples of 32 pixels, got 100/,
    )
    await expect(detector.detect([squares([])], { confidence: 2 })).rejects.toThrow(
      /confidence is from 0 to 1, got 2/,
    )
  })

  it.each(['yolov3', 'yolov3-spp', 'yolov3-tiny', 'yolov3-voc', 'yolov4', 'yolov4-tiny'])(
    'runs %s of the registry',
    async (name) => {
      const network = (await createModel(name)) as DarknetDetector
      const [found] = await new Detector(network).detect([squares([[0, 0, 0]])], {
        inputSize: 64,
        confidence: 0,
      })
      expect(found!.length).toBeGreaterThan(0)
      for (const { box, score } of found!) {
        expect(box.every(Number.isFinite)).toBe(true)
        expect(score).toBeGreaterThan(0)
      }
    },
  )
})

/** What AlexeyAB's Darknet gives for the same decoded pixels (`detector test -thresh 0.5`): class, share in percent, box. */
const peer: Readonly<Record<string, readonly (readonly [string, number, number, number, number, number])[]>> =
  {
    'yolo-fastest-1.1 dog': [
      ['car', 0.883408, 0.741073, 0.224047, 0.300001, 0.177004],
      ['dog', 0.64789, 0.316801, 0.641684, 0.316923, 0.511656],
      ['cat', 0.549515, 0.3141, 0.633249, 0.335858, 0.52768],
      ['bicycle', 0.545585, 0.542077, 0.527692, 0.444141, 0.404422],
    ],
    'yolo-fastest-1.1 kite': [
      ['kite', 0.980259, 0.471618, 0.129905, 0.062318, 0.069604],
      ['kite', 0.862523, 0.356171, 0.388874, 0.019453, 0.024193],
      ['kite', 0.805646, 0.22131, 0.286618, 0.02616, 0.050313],
      ['kite', 0.643049, 0.435279, 0.391554, 0.028782, 0.028779],
      ['person', 0.582418, 0.180725, 0.838114, 0.057726, 0.209349],
      ['person', 0.550089, 0.812839, 0.461549, 0.025663, 0.046199],
      ['person', 0.510939, 0.06525, 0.593459, 0.028952, 0.051898],
    ],
    'yolo-fastest-1.1 giraffe': [
      ['giraffe', 0.94069, 0.576764, 0.431555, 0.501577, 0.905415],
      ['zebra', 0.939305, 0.722647, 0.651737, 0.205197, 0.458407],
      ['zebra', 0.534061, 0.565073, 0.717141, 0.111675, 0.283521],
    ],
    'yolo-fastest-1.1-xl dog': [
      ['dog', 0.933617, 0.325739, 0.628464, 0.354033, 0.602228],
      ['bicycle', 0.901173, 0.447145, 0.542768, 0.598287, 0.645602],
      ['car', 0.796816, 0.736953, 0.209334, 0.311391, 0.141884],
    ],
    'yolo-fastest-1.1-xl kite': [
      ['kite', 0.984756, 0.472139, 0.129574, 0.058493, 0.082452],
      ['person', 0.888221, 0.183798, 0.861979, 0.038387, 0.187231],
      ['kite', 0.849624, 0.216787, 0.28686, 0.01878, 0.042372],
      ['person', 0.778055, 0.103311, 0.75797, 0.033823, 0.158785],
      ['kite', 0.731404, 0.35333, 0.390811, 0.014594, 0.025501],
      ['person', 0.708175, 0.395575, 0.576374, 0.017662, 0.031971],
      ['kite', 0.678914, 0.436041, 0.394722, 0.018947, 0.022437],
      ['kite', 0.657812, 0.81133, 0.457563, 0.023781, 0.03657],
      ['person', 0.593218, 0.402913, 0.583347, 0.014587, 0.023687],
      ['kite', 0.591582, 0.565757, 0.427161, 0.01893, 0.019437],
      ['person', 0.571264, 0.068615, 0.59163, 0.028378, 0.05874],
      ['person', 0.556447, 0.033319, 0.594658, 0.022928, 0.040608],
      ['person', 0.501107, 0.06569, 0.608599, 0.030326, 0.056388],
    ],
    'yolo-fastest-1.1-xl giraffe': [
      ['giraffe', 0.994285, 0.582977, 0.447819, 0.535652, 0.833023],
      ['zebra', 0.943672, 0.712538, 0.65174, 0.224666, 0.450427],
    ],
  }

describe('real weights', () => {
  it.each(Object.keys(peer))('%s finds what Darknet finds', async (key) => {
    const [model, photograph] = key.split(' ') as [string, string]
    const weights = sharedPath('assets', 'weights', `${model}.weights`)
    const picture = sharedPath('assets', 'images', 'scenes', `${photograph}.jpg`)
    if (weights === undefined || picture === undefined) return
    const config = parseDarknetConfig(readFileSync(weights.replace(/weights$/, 'cfg'), 'utf8'))
    const network = createDarknet(config) as DarknetDetector
    network.loadStateDict((await loadStateDict(readFileSync(weights), { darknet: config })).tensors)
    const labels = (await classLabels('coco')).map(({ name }) => name)
    const image = await readImage(picture)
    const [found] = await detect(network, [image], { confidence: 0.5, labels })
    const wanted = peer[key]!
    expect(found!.map(({ label }) => label)).toEqual(wanted.map(([label]) => label))
    for (const [i, [, score, x, y, w, h]] of wanted.entries()) {
      const { box, score: own } = found![i]!
      expect(Math.abs(own - score)).toBeLessThan(1e-4)
      const { width, height } = image
      const clipped = [x - w / 2, y - h / 2, x + w / 2, y + h / 2].map((value) =>
        Math.min(Math.max(value, 0), 1),
      )
      const shares = box.map((value, axis) => value / (axis % 2 === 0 ? width : height))
      for (const [j, value] of shares.entries()) expect(Math.abs(value - clipped[j]!)).toBeLessThan(1e-4)
    }
  })
})
