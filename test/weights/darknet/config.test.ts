import { describe, expect, it } from 'vitest'
import { createDarknet } from '../../../src/models/darknet-network.ts'
import { formatDarknetConfig, parseDarknetConfig } from '../../../src/weights/darknet/parse.ts'
import { CheckpointError } from '../../../src/weights/index.ts'

const net = '[net]\nwidth=64\nheight=64\n'
const conv = '[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n'

const everything = `[net]
batch=64
width=64
height=32
channels=3
letter_box=1
steps=400000,450000

${conv}batch_normalize=1
[conv]
filters=8
size=3
stride_x=2
stride_y=1
padding=2
groups=2
dilation=2
activation=hard_mish
[conv]
filters=8
size=1
xnor=1
share_index=-1
[max]
size=3
stride=1
[maxpool]
maxpool_depth=1
out_channels=4
[local_avg]
size=2
stride=2
padding=0
[upsample]
stride=-2
scale=0.5
[dropout]
probability=.2
[reorg]
stride=2
reverse=1
[reorg3d]
[route]
layers=-1, -2
groups=2
group_id=1
[shortcut]
from=-3,-4
weights_type=per_layer
weights_normalization=avg_relu
[scale_channels]
from=4
scale_wh=1
[sam]
from=-2
activation=logistic
[activation]
activation=gelu
[lrn]
size=7
[crop]
crop_width=5
crop_height=4
[local]
filters=2
size=3
pad=1
[conn]
output=9
batch_normalize=1
activation=tanh
[batchnorm]
[avg]
[yolo]
mask=1
anchors=1,2, 3,4.5
classes=3
scale_x_y=1.05
new_coords=1
nms_kind=diounms
beta_nms=0.5
ignore_thresh=.7
[Gaussian_yolo]
anchors=1,2
classes=2
yolo_point=left_top
[region]
anchors=1.5,2.5
num=1
classes=2
softmax=1
tree=data/9k.tree
[detection]
side=3
num=2
coords=4
sqrt=1
[silence]
[contrastive]
[soft]
groups=2
[cost]
type=sse
`

describe('parseDarknetConfig', () => {
  it('reads back what formatDarknetConfig writes, of every kind of layer', () => {
    const config = parseDarknetConfig(everything)
    expect(new Set(config.sections.map(({ type }) => type)).size).toBe(26)
    const text = formatDarknetConfig(config)
    expect(parseDarknetConfig(text)).toEqual(config)
    expect(formatDarknetConfig(parseDarknetConfig(text))).toBe(text)
    expect(config.other).toEqual({ batch: '64', steps: '400000,450000' })
    expect(config.letterBox).toBe(true)
    expect(config.sections[1]).toEqual({
      type: 'convolutional',
      filters: 8,
      size: 3,
      stride: 2,
      strideY: 1,
      padding: 2,
      groups: 2,
      batchNormalize: false,
      activation: 'hard_mish',
      dilation: 2,
    })
    expect(config.sections.find(({ type }) => type === 'yolo')).toMatchObject({
      anchors: [[3, 4.5]],
      suppression: 'diounms',
      betaNms: 0.5,
      newCoordinates: true,
      other: { ignore_thresh: '.7' },
    })
  })

  it.each([
    ['filters=1e9', /line 4: filters must be a whole number from 1 to 1048576, got 1000000000/],
    ['filters=-1', /filters must be a whole number/],
    ['size=5000', /size must be a whole number from 1 to 1024/],
    ['stride=0', /stride must be a whole number from 1/],
    ['groups=1e12', /groups must be a whole number/],
    ['filters=0x', /filters must be a number/],
    ['antialiasing=1', /antialiasing=1 is not supported/],
  ])('refuses a convolution with %s', (entry, message) => {
    const parse = () => parseDarknetConfig(`${net}[convolutional]\n${entry}`, 'evil.cfg')
    expect(parse).toThrow(message)
    expect(parse).toThrow(CheckpointError)
    expect(parse).toThrow(/^evil.cfg: \[convolutional\] of line 4/)
  })

  it.each([
    ['[route]\nlayers=-99', /layer 1 \(route\) refers to layer -98, which is not before it/],
    ['[route]\nlayers=1', /layer 1 \(route\) refers to layer 1, which is not before it/],
    ['[shortcut]\nfrom=7', /layer 1 \(shortcut\) refers to layer 7/],
    [
      '[maxpool]\nsize=9\nstride=1\npadding=0\n[maxpool]\nsize=900\nstride=900\npadding=0',
      /window of 900 does not fit into 56 pixels/,
    ],
    ['[convolutional]\nfilters=6\ngroups=5', /4 input channels cannot be divided by 5/],
    ['[reorg]\nstride=3', /4 channels cannot be divided by 9/],
    ['[yolo]\nanchors=1,2\nclasses=80', /needs 85 channels for its 80 classes, but gets 4/],
    [`${'[upsample]\nstride=1000\n'.repeat(3)}`, /gives a map of 4 x 64000 x 64000, more than any network's/],
    [`${'[route]\nlayers=-1,-1\n'.repeat(40)}`, /more than any network's/],
    [
      '[connected]\noutput=1000000\n[connected]\noutput=1000000',
      /takes the network to more than 2147483648 parameters/,
    ],
    ['[convolutional]\nfilters=8\nshare_index=0', /the layer whose parameters it shares has others/],
  ])('a network with %j is refused before anything is allocated', (layers, message) => {
    const config = parseDarknetConfig(`${net}${conv}${layers}\n[convolutional]\nfilters=1\nactivation=linear`)
    const before = process.memoryUsage().rss
    expect(() => createDarknet(config)).toThrow(message)
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })

  it('is bounded in length', () => {
    expect(() => parseDarknetConfig(`${net}${'[avgpool]\n'.repeat(20_001)}`)).toThrow(
      /more than 20000 sections/,
    )
    expect(() => parseDarknetConfig(' '.repeat(2 ** 24 + 1))).toThrow(/characters is none of Darknet's/)
    expect(() => parseDarknetConfig(`${net}[gru]`)).toThrow(/recurrent layers are not supported/)
  })
})
