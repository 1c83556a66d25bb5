import { describe, expect, it } from 'vitest'
import { activate } from '../../src/models/darknet-activations.ts'
import {
  DarknetDetection,
  DarknetGaussianYolo,
  DarknetRegion,
  DarknetYolo,
} from '../../src/models/darknet-boxes.ts'
import { createDarknet } from '../../src/models/darknet-network.ts'
import { noGrad, randn, type Tensor, tensor } from '../../src/tensor/index.ts'
import { type DarknetActivation, darknetActivations } from '../../src/weights/darknet/config.ts'
import { parseDarknetConfig } from '../../src/weights/darknet/parse.ts'

interface Size {
  readonly c: number
  readonly h: number
  readonly w: number
}

const numbers = async (x: Tensor): Promise<number[]> => Array.from(await x.data(), Number)

/** What the layers of a configuration give of an image, by place; a convolution is added for a network to have an output. */
async function run(layers: string, { c, h, w }: Size, image: Tensor) {
  const text = `[net]\nwidth=${w}\nheight=${h}\nchannels=${c}\n${layers}\n[convolutional]\nfilters=1\nactivation=linear`
  const network = createDarknet(parseDarknetConfig(text)).eval()
  const count = network.module_list.length
  const names = Array.from({ length: count }, (_, i) => `module_list.${i}`)
  const { outputs } = noGrad(() => network.captureOutputs(names, () => network.forward(image)))
  const values: { shape: readonly number[]; values: number[] }[] = []
  for (const name of names) {
    const output = outputs.get(name)!
    values.push({ shape: output.shape, values: await numbers(output) })
  }
  return { network, values }
}

function close(found: readonly number[], wanted: readonly number[], digits = 5): void {
  expect(found).toHaveLength(wanted.length)
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, digits)
}

describe('activations', () => {
  // As activations.h of AlexeyAB's Darknet computes them.
  const formulas: Readonly<Partial<Record<DarknetActivation, (x: number) => number>>> = {
    linear: (x) => x,
    leaky: (x) => (x > 0 ? x : 0.1 * x),
    revleaky: (x) => (x > 0 ? x : 0.1 * x),
    relu: (x) => Math.max(x, 0),
    relu6: (x) => Math.min(Math.max(x, 0), 6),
    mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
    hard_mish: (x) => (x > 0 ? x : x > -2 ? (x * x) / 2 + x : 0),
    swish: (x) => x / (1 + Math.exp(-x)),
    logistic: (x) => 1 / (1 + Math.exp(-x)),
    loggy: (x) => 2 / (1 + Math.exp(-x)) - 1,
    elu: (x) => (x >= 0 ? x : Math.exp(x) - 1),
    selu: (x) => 1.0507 * (x >= 0 ? x : 1.6732 * (Math.exp(x) - 1)),
    gelu: (x) => 0.5 * x * (1 + Math.tanh(0.797885 * x + 0.035677 * x ** 3)),
    relie: (x) => (x > 0 ? x : 0.01 * x),
    ramp: (x) => Math.max(x, 0) + 0.1 * x,
    tanh: Math.tanh,
    plse: (x) => (x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5),
    hardtan: (x) => Math.min(Math.max(x, -1), 1),
    lhtan: (x) => (x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x),
    stair: (x) => {
      const n = Math.floor(x)
      return n % 2 === 0 ? Math.floor(x / 2) : x - n + Math.floor(x / 2)
    },
  }
  const points = [-7.3, -4, -3.25, -2, -1.6, -0.5, 0, 0.4, 1, 1.7, 2.5, 3.2, 4, 5.5, 6.9]

  it.each(Object.entries(formulas))('%s', async (name, formula) => {
    const found = await numbers(activate[name as DarknetActivation](tensor(points)))
    close(found, points.map(formula), 3)
  })

  it('normalizes over channels', async () => {
    const x = tensor([[[[1]], [[-2]], [[3]]]])
    close(await numbers(activate.normalize_channels(x)), [1 / 4.0001, 0, 3 / 4.0001])
    const e = [1, -2, 3].map(Math.exp)
    const sum = e[0]! + e[1]! + e[2]!
    close(
      await numbers(activate.normalize_channels_softmax(x)),
      e.map((v) => v / (sum + 1e-4)),
    )
    const low = [1, -2, 3].map((v) => Math.exp(v - 3))
    const lowSum = low[0]! + low[1]! + low[2]!
    close(
      await numbers(activate.normalize_channels_softmax_maxval(x)),
      low.map((v) => v / (lowSum + 1e-4)),
    )
    expect(Object.keys(activate).sort()).toEqual([...darknetActivations].sort())
  })
})

/** The loops of reorg_cpu: x in the memory of a map, and what goes where. */
function reorg(x: number[], { c, h, w }: Size, s: number, forward: boolean): number[] {
  const out = new Array<number>(x.length)
  const depth = Math.floor(c / (s * s))
  for (let k = 0; k < c; k++) {
    for (let j = 0; j < h; j++) {
      for (let i = 0; i < w; i++) {
        const inIndex = i + w * (j + h * k)
        const offset = Math.floor(k / depth)
        const [w2, h2] = [i * s + (offset % s), j * s + Math.floor(offset / s)]
        const outIndex = w2 + w * s * (h2 + h * s * (k % depth))
        if (forward) out[outIndex] = x[inIndex]!
        else out[inIndex] = x[outIndex]!
      }
    }
  }
  return out
}

describe('layers', () => {
  it.each([
    // Of reorg the map that comes in is counted, of reorg3d the one that goes out.
    ['reorg', 0, { c: 8, h: 4, w: 6 }, { c: 8, h: 4, w: 6 }, [1, 32, 2, 3]],
    ['reorg3d', 0, { c: 3, h: 4, w: 6 }, { c: 12, h: 2, w: 3 }, [1, 12, 2, 3]],
    ['reorg', 1, { c: 8, h: 2, w: 3 }, { c: 8, h: 2, w: 3 }, [1, 2, 4, 6]],
    ['reorg3d', 1, { c: 16, h: 2, w: 3 }, { c: 4, h: 4, w: 6 }, [1, 4, 4, 6]],
  ] as const)(
    '%s with reverse=%i moves as the loops of Darknet do',
    async (type, reverse, size, counted, shape) => {
      const image = randn([1, size.c, size.h, size.w])
      const { values } = await run(`[${type}]\nstride=2\nreverse=${reverse}`, size, image)
      expect(values[0]!.shape).toEqual(shape)
      expect(values[0]!.values).toEqual(reorg(await numbers(image), counted, 2, reverse === 1))
    },
  )

  it('pools with odd paddings at the right and the bottom, by strides of each side, and over channels', async () => {
    const size = { c: 2, h: 3, w: 4 }
    const x = Array.from({ length: 24 }, (_, i) => (i * 7) % 24)
    const image = tensor(x).reshape(1, 2, 3, 4)
    const pooled = (
      kind: 'max' | 'mean',
      window: number,
      sx: number,
      sy: number,
      padding: number,
    ): number[] => {
      const out: number[] = []
      const [rows, columns] = [
        Math.floor((3 + padding - window) / sy) + 1,
        Math.floor((4 + padding - window) / sx) + 1,
      ]
      const shift = Math.floor(padding / 2)
      for (let c = 0; c < 2; c++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const seen: number[] = []
            for (let n = 0; n < window; n++)
              for (let m = 0; m < window; m++) {
                const [row, column] = [i * sy + n - shift, j * sx + m - shift]
                if (row >= 0 && row < 3 && column >= 0 && column < 4) seen.push(x[c * 12 + row * 4 + column]!)
              }
            out.push(kind === 'max' ? Math.max(...seen) : seen.reduce((a, b) => a + b, 0) / seen.length)
          }
      return out
    }
    const at = async (layer: string) => (await run(layer, size, image)).values[0]!.values
    close(await at('[maxpool]\nsize=2\nstride=2'), pooled('max', 2, 2, 2, 1))
    close(await at('[maxpool]\nsize=2\nstride=1'), pooled('max', 2, 1, 1, 1))
    close(await at('[max]\nsize=3\nstride_x=2\nstride_y=1'), pooled('max', 3, 2, 1, 2))
    close(await at('[maxpool]\nsize=2\nstride=2\npadding=0'), pooled('max', 2, 2, 2, 0))
    close(await at('[local_avgpool]\nsize=3\nstride=2'), pooled('mean', 3, 2, 2, 2))
    const deep = x.slice(0, 12).map((value, i) => Math.max(value, x[12 + i]!))
    close(await at('[maxpool]\nmaxpool_depth=1\nout_channels=1\nsize=1'), deep)
  })

  it('adds several layers with weights, and every other pixel of larger maps', async () => {
    const size = { c: 2, h: 4, w: 4 }
    const image = randn([1, 2, 4, 4])
    const x = await numbers(image)
    const copies = '[route]\nlayers=0\n'
    const { network, values } = await run(
      `[empty]\n[upsample]\nstride=1\nscale=2\n[shortcut]\nfrom=0,-2\nweights_type=per_channel\n` +
        'weights_normalization=relu\nactivation=linear\n[shortcut]\nfrom=0\nactivation=ramp\n' +
        `${copies}[maxpool]\nsize=1\nstride=2\n[shortcut]\nfrom=0`,
      size,
      image,
    )
    expect(values[1]!.values).toEqual(x.map((v) => v * 2))
    // Weights of 1, of three layers.
    close(
      values[2]!.values,
      x.map((v) => (2 * v + v + v) / 3.0001),
    )
    close(
      values[3]!.values,
      x.map((v, i) => Math.max(v + values[2]!.values[i]!, 0) + 0.1 * (v + values[2]!.values[i]!)),
    )
    const thin = [0, 1].flatMap((c) => [0, 2].flatMap((i) => [0, 2].map((j) => x[c * 16 + i * 4 + j]!)))
    close(
      values[6]!.values,
      thin.map((v) => 2 * v),
    )
    expect(network.stateDict().get('module_list.2.weight')!.shape).toEqual([3, 2])
  })

  it('scales channels and places, multiplies maps, crops and normalizes', async () => {
    const size = { c: 3, h: 4, w: 5 }
    const image = randn([1, 3, 4, 5])
    const x = await numbers(image)
    const { values } = await run(
      '[empty]\n[avgpool]\n[scale_channels]\nfrom=0\n[maxpool]\nmaxpool_depth=1\nout_channels=1\n' +
        '[scale_channels]\nfrom=0\nscale_wh=1\n[sam]\nfrom=0\n[crop]\ncrop_height=2\ncrop_width=2\n' +
        '[crop]\ncrop_height=1\ncrop_width=1\nnoadjust=1\n[route]\nlayers=0\n' +
        '[normalization]\nsize=3\nalpha=0.5\nbeta=0.75\nkappa=2',
      size,
      image,
    )
    const means = [0, 1, 2].map((c) => x.slice(20 * c, 20 * c + 20).reduce((a, b) => a + b, 0) / 20)
    close(values[1]!.values, means)
    close(
      values[2]!.values,
      x.map((v, i) => v * means[Math.floor(i / 20)]!),
    )
    const map = Array.from({ length: 20 }, (_, i) =>
      Math.max(values[2]!.values[i]!, values[2]!.values[20 + i]!, values[2]!.values[40 + i]!),
    )
    close(
      values[4]!.values,
      x.map((v, i) => v * map[i % 20]!),
    )
    close(
      values[5]!.values,
      x.map((v, i) => v * values[4]!.values[i]!),
    )
    const s = values[5]!.values
    const cropped = [0, 1, 2].flatMap((c) =>
      [1, 2].flatMap((i) => [1, 2].map((j) => 2 * s[c * 20 + i * 5 + j]! - 1)),
    )
    close(values[6]!.values, cropped)
    close(
      values[7]!.values,
      [0, 4, 8].map((i) => cropped[i]!),
    )
    // The sums of normalization_layer.c: squares come in and go out of a moving window, one of which never came in.
    const squares = (c: number, i: number): number => x[c * 20 + i]! ** 2
    const wanted = x.map((v, at) => {
      const [channel, i] = [Math.floor(at / 20), at % 20]
      let norm = 2 + 0.5 * squares(0, i)
      for (let k = 1; k <= channel; k++) {
        const [previous, next] = [k - 1 - 1, k + 1]
        if (previous >= 0) norm -= 0.5 * squares(previous, i)
        if (next < 3) norm += 0.5 * squares(next, i)
      }
      return v * norm ** -0.75
    })
    close(values[9]!.values, wanted, 4)
  })

  it('takes parts of channels, and dilated, strided and shared convolutions', async () => {
    const size = { c: 4, h: 7, w: 7 }
    const image = randn([1, 4, 7, 7])
    const x = await numbers(image)
    const conv = 'filters=4\nsize=3\npad=1\nactivation=linear\nbatch_normalize=1\n'
    const { network, values } = await run(
      `[empty]\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n[convolutional]\n${conv}dilation=2\n` +
        `[convolutional]\n${conv}[convolutional]\n${conv}share_index=-1\n[convolutional]\n${conv}share_index=-1\nstride=2`,
      size,
      image,
    )
    expect(values[1]!.values).toEqual(x.slice(98))
    const state = network.stateDict()
    const kernel = await numbers(state.get('module_list.2.Conv2d.weight')!)
    // Dilated by 2, with as much padding as keeps the size.
    const at = (c: number, i: number, j: number): number =>
      i < 0 || j < 0 || i > 6 || j > 6 ? 0 : x[(2 + c) * 49 + i * 7 + j]!
    const dilated = [0, 1, 2, 3].flatMap((f) =>
      Array.from({ length: 49 }, (_, place) => {
        let sum = 0
        for (let c = 0; c < 2; c++)
          for (let n = 0; n < 3; n++)
            for (let m = 0; m < 3; m++)
              sum +=
                kernel[((f * 2 + c) * 3 + n) * 3 + m]! *
                at(c, Math.floor(place / 7) + 2 * n - 2, (place % 7) + 2 * m - 2)
        return sum / Math.sqrt(1 + 1e-5)
      }),
    )
    close(values[2]!.values, dilated, 4)
    expect([...state.keys()].filter((name) => /list\.[45]\./.test(name))).toEqual([])
    expect(values[5]!.shape).toEqual([1, 4, 4, 4])
    const once = await numbers(
      noGrad(() =>
        network.module_list
          .get(3)
          .forward(network.module_list.get(3).forward(tensor(values[2]!.values).reshape(1, 4, 7, 7))),
      ) as Tensor,
    )
    close(values[4]!.values, once, 4)
  })

  it('has filters of its own at every place, and connected layers', async () => {
    const size = { c: 2, h: 4, w: 5 }
    const image = randn([1, 2, 4, 5])
    const x = await numbers(image)
    const { network, values } = await run(
      '[local]\nfilters=3\nsize=3\nstride=1\npad=1\nactivation=linear\n[connected]\noutput=4\nactivation=relu',
      size,
      image,
    )
    const weight = await numbers(network.stateDict().get('module_list.0.weight')!)
    expect(values[0]!.shape).toEqual([1, 3, 4, 5])
    // gemm of each place's own [filters, channels * 9] with its column of im2col.
    const wanted = [0, 1, 2].flatMap((f) =>
      Array.from({ length: 20 }, (_, place) => {
        let sum = 0
        for (let k = 0; k < 18; k++) {
          const [c, n, m] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3]
          const [i, j] = [Math.floor(place / 5) + n - 1, (place % 5) + m - 1]
          if (i >= 0 && i < 4 && j >= 0 && j < 5)
            sum += weight[(place * 3 + f) * 18 + k]! * x[c * 20 + i * 5 + j]!
        }
        return sum
      }),
    )
    close(values[0]!.values, wanted, 4)
    const matrix = await numbers(network.stateDict().get('module_list.1.Linear.weight')!)
    const bias = await numbers(network.stateDict().get('module_list.1.Linear.bias')!)
    const product = bias.map((b, o) =>
      Math.max(
        wanted.reduce((sum, v, i) => sum + v * matrix[o * 60 + i]!, b),
        0,
      ),
    )
    close(values[1]!.values, product, 4)
  })

  it('takes signs alone in XNOR convolutions', async () => {
    const { network, values } = await run(
      '[convolutional]\nfilters=2\nsize=1\nxnor=1\nactivation=linear',
      { c: 3, h: 1, w: 1 },
      tensor([[[[0.5]], [[-2]], [[0]]]]),
    )
    const weight = await numbers(network.stateDict().get('module_list.0.Conv2d.weight')!)
    const wanted = [0, 1].map((f) => {
      const own = weight.slice(3 * f, 3 * f + 3)
      const mean = own.reduce((sum, v) => sum + Math.abs(v), 0) / 3
      return own.reduce((sum, v, i) => sum + (v > 0 ? mean : -mean) * (i === 0 ? 1 : -1), 0)
    })
    close(values[0]!.values, wanted)
  })
})

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

describe('boxes', () => {
  const anchors = [
    [10, 20],
    [30, 15],
  ] as const

  it('of YOLOv2 have classes that exclude one another, and anchors in cells', async () => {
    const region = new DarknetRegion({ type: 'region', anchors, classes: 3, coordinates: 4, softmax: true })
    const map = randn([1, 16, 2, 3])
    const x = await numbers(map)
    const { centers, sizes, scores } = region.decode(map)
    // The box of the second anchor in the cell of column 2 and row 1.
    const value = (entry: number): number => x[(8 + entry) * 6 + 5]!
    close((await numbers(centers)).slice(22), [(sigmoid(value(0)) + 2) / 3, (sigmoid(value(1)) + 1) / 2])
    close((await numbers(sizes)).slice(22), [(Math.exp(value(2)) * 30) / 3, (Math.exp(value(3)) * 15) / 2], 3)
    const exps = [5, 6, 7].map((entry) => Math.exp(value(entry)))
    const sum = exps[0]! + exps[1]! + exps[2]!
    close((await numbers(scores)).slice(44), [sigmoid(value(4)), ...exps.map((e) => e / sum)])
  })

  it('of Gaussian YOLOv3 are less sure where their coordinates are', async () => {
    const yolo = new DarknetGaussianYolo({
      type: 'gaussian_yolo',
      anchors,
      classes: 2,
      scaleXY: 1.1,
      point: 'left_top',
    })
    const map = randn([1, 22, 1, 2])
    const x = await numbers(map)
    const { centers, sizes, scores } = yolo.decode(map, 64, 128)
    const value = (entry: number): number => x[(11 + entry) * 2 + 1]!
    const wide = [(Math.exp(value(4)) * 30) / 128, (Math.exp(value(6)) * 15) / 64]
    close((await numbers(sizes)).slice(6), wide)
    const corner = [(1.1 * sigmoid(value(0)) - 0.05 + 1) / 2, 1.1 * sigmoid(value(2)) - 0.05]
    close(
      (await numbers(centers)).slice(6),
      corner.map((v, i) => v + wide[i]! / 2),
    )
    const doubt = [1, 3, 5, 7].reduce((sum, entry) => sum + sigmoid(value(entry)) / 4, 0)
    close((await numbers(scores)).slice(9), [
      sigmoid(value(8)),
      sigmoid(value(9)) * (1 - doubt),
      sigmoid(value(10)) * (1 - doubt),
    ])
  })

  it('of Scaled-YOLOv4 come through the sigmoid of the convolution', async () => {
    const yolo = new DarknetYolo({ type: 'yolo', anchors, classes: 1, scaleXY: 2, newCoordinates: true })
    const map = randn([1, 12, 1, 1]).sigmoid()
    const x = await numbers(map)
    const { centers, sizes, scores } = yolo.decode(map, 64, 128)
    close((await numbers(centers)).slice(2), [2 * x[6]! - 0.5, 2 * x[7]! - 0.5])
    close((await numbers(sizes)).slice(2), [(4 * x[8]! ** 2 * 30) / 128, (4 * x[9]! ** 2 * 15) / 64])
    close((await numbers(scores)).slice(2), x.slice(10))
  })

  it('of YOLOv1 lie in one vector', async () => {
    const detection = new DarknetDetection({
      type: 'detection',
      side: 2,
      boxes: 2,
      classes: 3,
      coordinates: 4,
      sqrt: true,
      softmax: false,
    })
    const x = Array.from({ length: 4 * (3 + 2 * 5) }, (_, i) => i / 52)
    const { centers, sizes, scores } = detection.decode(tensor(x).reshape(1, 52, 1, 1))
    // The second box of the cell of row 1 and column 0.
    const [cell, box] = [2, 5]
    const at = 4 * 3 + 8 + 4 * box
    close((await numbers(centers)).slice(10, 12), [x[at]! / 2, (x[at + 1]! + 1) / 2])
    close((await numbers(sizes)).slice(10, 12), [x[at + 2]! ** 2, x[at + 3]! ** 2])
    close((await numbers(scores)).slice(20, 24), [x[12 + box]!, ...x.slice(3 * cell, 3 * cell + 3)])
  })
})
