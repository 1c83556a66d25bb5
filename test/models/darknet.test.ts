import { describe, expect, it } from 'vitest'
import { DarknetYolo } from '../../src/models/darknet-boxes.ts'
import { createDarknet, DarknetClassifier, DarknetDetector } from '../../src/models/darknet-network.ts'
import { createModel } from '../../src/models/index.ts'
import { noGrad, tensor, zeros } from '../../src/tensor/index.ts'
import { parseDarknetConfig } from '../../src/weights/darknet/parse.ts'

const detector = `
[net]
width=64
height=32   # a comment
channels=1

[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky

; another comment
[maxpool]
size=2
stride=2

[convolutional]
filters = 14
size=1
activation=linear

[yolo]
mask = 1,2
anchors = 1,2,  3,4,  5,6
classes=2
num=3
scale_x_y=1.1

[route]
layers=-4

[upsample]
stride=2
`

describe('parseDarknetConfig', () => {
  it('reads layers with their defaults', () => {
    expect(parseDarknetConfig(detector)).toEqual({
      width: 64,
      height: 32,
      channels: 1,
      sections: [
        {
          type: 'convolutional',
          filters: 4,
          size: 3,
          stride: 2,
          padding: 1,
          groups: 1,
          batchNormalize: true,
          activation: 'leaky',
        },
        { type: 'maxpool', size: 2, stride: 2, padding: 1 },
        {
          type: 'convolutional',
          filters: 14,
          size: 1,
          stride: 1,
          padding: 0,
          groups: 1,
          batchNormalize: false,
          activation: 'linear',
        },
        {
          type: 'yolo',
          anchors: [
            [3, 4],
            [5, 6],
          ],
          classes: 2,
          scaleXY: 1.1,
          mask: [1, 2],
          allAnchors: [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        },
        { type: 'route', layers: [-4], groups: 1, groupId: 0 },
        { type: 'upsample', stride: 2 },
      ],
    })
  })

  it.each([
    [
      '[net]\nwidth=1\nheight=1\n[iseg]\n',
      /\[iseg\] of line 4: there are no such layers here, but convolutional/,
    ],
    ['[net]\nwidth=1\nheight=1\n[convolutional]\nfilters=x', /line 4: filters must be a number, got 'x'/],
    [
      '[net]\nwidth=1\nheight=1\n[convolutional]\nactivation=step',
      /there is no activation 'step'; there are linear/,
    ],
    ['[net]\nwidth=1\nheight=1\n[shortcut]\n', /line 4: needs from/],
    ['[net]\nwidth=1\nheight=1\n[yolo]\nmask=3\nanchors=1,2', /mask 3 is not in the anchors/],
    ['[net]\nheight=1', /needs width/],
    ['[route]\nlayers=1', /the first section must be \[net\]/],
    ['width=1', /line 1 is neither \[section\] nor key=value/],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseDarknetConfig(text)).toThrow(message)
  })
})

describe('createDarknet', () => {
  it('builds a detector or a classifier', async () => {
    const network = createDarknet(parseDarknetConfig(detector))
    expect(network).toBeInstanceOf(DarknetDetector)
    expect(network.numClasses).toBe(2)
    expect(network.featureInfo).toEqual([
      { name: 'module_list.0', channels: 4, stride: 2 },
      { name: 'module_list.1', channels: 4, stride: 4 },
    ])
    expect(network.forwardAll(zeros([1, 1, 32, 64])).map(({ shape }) => shape)).toEqual([[1, 14, 8, 16]])
    const text =
      '[net]\nwidth=8\nheight=8\n[convolutional]\nfilters=5\nsize=1\nactivation=linear\n[avgpool]\n[softmax]'
    const classifier = createDarknet(parseDarknetConfig(text), { numClasses: 6 })
    expect(classifier).toBeInstanceOf(DarknetClassifier)
    expect(classifier.forward(zeros([2, 3, 8, 8])).shape).toEqual([2, 6])
  })

  it('refuses references to layers that are not before', () => {
    const config = parseDarknetConfig('[net]\nwidth=8\nheight=8\n[route]\nlayers=1\n[convolutional]')
    expect(() => createDarknet(config)).toThrow(/layer 0 \(route\) refers to layer 1, which is not before it/)
  })

  it('adds as many channels as two layers have in common', async () => {
    const text =
      '[net]\nwidth=1\nheight=1\nchannels=2\n[maxpool]\n[route]\nlayers=-1,0\n[shortcut]\nfrom=0\nactivation=linear\n' +
      '[convolutional]\nfilters=1\nsize=1\nactivation=linear'
    const network = createDarknet(parseDarknetConfig(text)).eval()
    const { outputs } = network.captureOutputs(['module_list.2'], () =>
      network.forward(tensor([[[[1]], [[10]]]])),
    )
    expect([...(await outputs.get('module_list.2')!.data())]).toEqual([2, 20, 1, 10])
  })
})

describe('DarknetYolo', () => {
  it('places boxes by cell and anchor', async () => {
    const yolo = new DarknetYolo({
      type: 'yolo',
      anchors: [
        [10, 20],
        [30, 40],
      ],
      classes: 1,
      scaleXY: 1.2,
    })
    const map = zeros([1, 12, 2, 3])
    const { centers, sizes, scores } = yolo.decode(map, 200, 300)
    const round = async (t: typeof centers): Promise<number[]> =>
      [...(await t.data())].map((v) => Math.round(v * 1e4) / 1e4)
    const [xs, ys] = [
      [1 / 6, 1 / 2, 5 / 6],
      [1 / 4, 3 / 4],
    ]
    const cells = ys.flatMap((y) => xs.flatMap((x) => [x, y]))
    expect(await round(centers)).toEqual([...cells, ...cells].map((v) => Math.round(v * 1e4) / 1e4))
    expect(await round(sizes)).toEqual(
      [...Array(6).fill([10 / 300, 20 / 200]), ...Array(6).fill([30 / 300, 40 / 200])]
        .flat()
        .map((v) => Math.round(v * 1e4) / 1e4),
    )
    expect(scores.shape).toEqual([1, 12, 2])
    expect(new Set(await scores.data())).toEqual(new Set([0.5]))
    // A centre reaches 10 percent beyond its cell at a scale of 1.2.
    const far = yolo.decode(zeros([1, 12, 1, 1]).add(100), 32, 32)
    expect((await far.centers.data())[0]).toBeCloseTo(1.1, 6)
  })

  it('gives boxes in evaluation without gradients only', async () => {
    const network = await createModel('yolov3-tiny', { numClasses: 3 })
    const x = zeros([1, 3, 64, 64])
    expect(noGrad(() => network.forwardAll(x))).toHaveLength(2)
    network.eval()
    expect(network.forwardAll(x)).toHaveLength(2)
    const [coarse, fine, ...parts] = noGrad(() => network.forwardAll(x))
    expect([coarse!.shape, fine!.shape]).toEqual([
      [1, 24, 2, 2],
      [1, 24, 4, 4],
    ])
    expect(parts.map(({ shape }) => shape)).toEqual([
      [1, 12, 2],
      [1, 12, 2],
      [1, 12, 4],
      [1, 48, 2],
      [1, 48, 2],
      [1, 48, 4],
    ])
  })
})
