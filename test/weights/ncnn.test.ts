import { describe, expect, it } from 'vitest'
import { createGraphNetwork, type GraphModel } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { type Checkpoint, openCheckpoint, toFloat32 } from '../../src/weights/index.ts'
import { damagedCopies, folderOf, readsOrRefuses } from '../support/damaged.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A .param file of the layers given, one a line. */
function param(...layers: readonly string[]): Uint8Array {
  return utf8(`7767517\n${layers.length} ${2 * layers.length}\n${layers.join('\n')}\n`)
}

const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

const tag = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

function open(layers: Uint8Array, bin: Uint8Array = new Uint8Array(0)): Promise<Checkpoint> {
  return openCheckpoint(folderOf({ 'net.param': layers, 'net.bin': bin })('net.param'))
}

async function graph(layers: Uint8Array, bin?: Uint8Array): Promise<GraphModel['graph']> {
  return (await (await open(layers, bin)).network!()).graph
}

async function run(
  layers: Uint8Array,
  bin: Uint8Array,
  values: readonly number[],
  shape: readonly number[],
): Promise<number[]> {
  const network = await createGraphNetwork(await (await open(layers, bin)).network!())
  network.eval()
  return [...((await network.forward(tensor(values, shape)).data()) as Float32Array)]
}

const input = 'Input data 0 1 data 0=2 1=2 2=1'
const convolution = 'Convolution conv 1 1 data conv 0=2 1=1 5=1 6=2'
const weights = [2, 3]
const bias = floats(0.5, -0.5)

describe('the arrays of ncnn', () => {
  it.each([
    ['32-bit floats', tag(0), floats(...weights), 'F32', weights],
    ['32-bit floats with a scale', tag(0x0002c056), floats(...weights), 'F32', weights],
    ['16-bit floats', tag(0x01306b47), Uint8Array.of(0, 0x3c, 0, 0xc0), 'F16', [1, -2]],
    [
      'a table of 256 values',
      tag(1),
      joined(floats(...Array.from({ length: 256 }, (_, i) => i / 4)), Uint8Array.of(9, 255, 0, 0)),
      'F32',
      [2.25, 63.75],
    ],
  ] as const)('can be %s', async (_, head, body, dtype, wanted) => {
    const { tensors } = await open(param(input, convolution), joined(head, body, bias))
    const weight = tensors.get('conv.weight')!
    expect([weight.dtype, weight.shape]).toEqual([dtype, [2, 1, 1, 1]])
    expect([...toFloat32(await weight.read())]).toEqual(wanted)
    expect([...toFloat32(await tensors.get('conv.bias')!.read())]).toEqual([0.5, -0.5])
  })

  it('of 8 bits are divided by their scales, which come after the bias', async () => {
    const bin = joined(tag(0x000d4b38), Uint8Array.of(100, 0x9c, 0, 0), bias, floats(50, 25), floats(3))
    const { tensors } = await open(param(input, `${convolution} 8=1`), bin)
    expect([...tensors.keys()]).toEqual(['conv.weight', 'conv.bias'])
    expect([...toFloat32(await tensors.get('conv.weight')!.read())]).toEqual([2, -4])
  })

  it('of deconvolutions are turned to [in, out], in each group', async () => {
    const layers = param(
      'Input data 0 1 data 0=2 1=2 2=4',
      'DeconvolutionDepthWise up 1 1 data up 0=2 1=1 6=4 7=2',
    )
    const { tensors } = await open(layers, joined(tag(0), floats(1, 2, 3, 4)))
    const one = tensors.get('up.weight')!
    expect(one.shape).toEqual([4, 1, 1, 1])
    expect([...toFloat32(await one.read())]).toEqual([1, 2, 3, 4])
    const whole = param('Input data 0 1 data 0=2 1=2 2=2', 'Deconvolution up 1 1 data up 0=3 1=1 6=6')
    const turned = (await open(whole, joined(tag(0), floats(1, 2, 3, 4, 5, 6)))).tensors.get('up.weight')!
    expect(turned.shape).toEqual([2, 3, 1, 1])
    expect([...toFloat32(await turned.read())]).toEqual([1, 3, 5, 2, 4, 6])
  })

  it('can be opened by their own file, or with the structure given', async () => {
    const bin = joined(tag(0), floats(...weights), bias)
    const files = folderOf({ 'a.param': param(input, convolution), 'a.bin': bin, 'b.bin': bin })
    expect((await openCheckpoint(files('a.bin'))).tensors.size).toBe(2)
    await expect(openCheckpoint(files('b.bin'))).rejects.toThrow(
      /is in another file, b\.param, which is not there/,
    )
    expect((await openCheckpoint(files('b.bin'), { structure: files('a.param') })).format).toBe('ncnn')
  })
})

describe('layers of ncnn', () => {
  const images = 'Input data 0 1 data 0=3 1=2 2=2'
  const values = [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6]

  it.each<[string, string, number[]]>([
    ['max pooling to the last column', 'Pooling p 1 1 data p 0=0 1=2 2=2', [5, 6, -1, -3]],
    ['max pooling of whole windows', 'Pooling p 1 1 data p 0=0 1=2 2=2 5=1', [5, -1]],
    ['average pooling of what is there', 'Pooling p 1 1 data p 0=1 1=2 2=2', [3, 4.5, -3, -4.5]],
    ['average pooling with padding counted', 'Pooling p 1 1 data p 0=1 1=2 2=2 6=1', [3, 2.25, -3, -2.25]],
    ['average pooling padded as TensorFlow pads', 'Pooling p 1 1 data p 0=1 1=2 2=2 5=2', [3, 4.5, -3, -4.5]],
    ['max pooling to a size', 'Pooling p 1 1 data p 0=0 7=1 8=3 18=1', [4, 5, 6, -1, -2, -3]],
    ['global pooling to a vector', 'Pooling p 1 1 data p 0=1 4=1', [3.5, -3.5]],
    ['the order h, w, c', 'Permute p 1 1 data p 0=3', [1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]],
    ['the order w, h', 'Permute p 1 1 data p 0=1', [1, 4, 2, 5, 3, 6, -1, -4, -2, -5, -3, -6]],
    ['shuffled channels of 2 groups', 'ShuffleChannel s 1 1 data s 0=2', values],
    ['a clip', 'Clip c 1 1 data c 0=-2 1=4', [1, 2, 3, 4, 4, 4, -1, -2, -2, -2, -2, -2]],
    ['a scalar subtracted from', 'BinaryOp b 1 1 data b 0=7 1=1 2=1', values.map((x) => 1 - x)],
    ['squares', 'UnaryOp u 1 1 data u 0=4', values.map((x) => x * x)],
    ['a leaky ReLU', 'ReLU r 1 1 data r 0=0.5', values.map((x) => (x > 0 ? x : x / 2))],
    [
      'a range of columns',
      'Crop c 1 1 data c -23309=1,1 -23310=1,-233 -23311=1,2',
      [2, 3, 5, 6, -2, -3, -5, -6],
    ],
    ['a range by offsets', 'Crop c 1 1 data c 0=1 1=1 2=1 3=1 4=1 5=1', [-5]],
    [
      'padding',
      'Padding p 1 1 data p 0=0 1=0 2=1 3=0 4=0 5=9',
      [9, 1, 2, 3, 9, 4, 5, 6, 9, -1, -2, -3, 9, -4, -5, -6],
    ],
    ['mean over the channels', 'Reduction r 1 1 data r 0=3 1=0 3=0 5=1', [0, 0, 0, 0, 0, 0]],
    ['the sum of everything', 'Reduction r 1 1 data r 0=1 1=1 2=0.5', [21]],
    ['nearest neighbours', 'Interp i 1 1 data i 0=1 1=0.5 2=1', [1, 2, 3, -1, -2, -3]],
    ['another shape', 'Reshape r 1 1 data r 0=6 1=-1', values],
    ['blocks of a row', 'Reorg r 1 1 data r 0=1', values],
  ])('%s', async (_, line, wanted) => {
    expect(await run(param(images, line), new Uint8Array(0), values, [1, 2, 2, 3])).toEqual(wanted)
  })

  it('squeeze and excite: a vector of channels times images', async () => {
    const layers = param(
      images,
      'Split s 1 2 data a b',
      'Pooling g 1 1 a g 0=1 4=1',
      'Convolution c 1 1 g c 0=2 1=1 6=4 9=3 -23310=2,0.0,6.0',
      'BinaryOp m 2 1 b c out 0=2',
    )
    const bin = joined(tag(0), floats(1, 0, 0, -1))
    expect(await run(layers, bin, values, [1, 2, 2, 3])).toEqual(values.map((x) => 3.5 * x))
  })

  it('know the channels of images of any size from the first convolution', async () => {
    const bin = joined(tag(0), floats(...weights), bias)
    const { inputs, outputs } = await graph(param('Input data 0 1 data', convolution), bin)
    expect(inputs[0]!.shape).toEqual(['N', 1, null, null])
    expect(outputs[0]!.shape).toEqual(['N', 2, null, null])
  })

  it('take several images at a time', async () => {
    const layers = param(images, 'Flatten f 1 1 data f', 'InnerProduct ip 1 1 f ip 0=1 2=12')
    const bin = joined(tag(0), floats(...Array(12).fill(1)))
    const network = await createGraphNetwork(await (await open(layers, bin)).network!())
    const two = network.forward(tensor([...values, ...values.map(Math.abs)], [2, 2, 2, 3]))
    expect([...((await two.data()) as Float32Array)]).toEqual([0, 42])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['another file', utf8('7767517 x'), /numbers of layers|does not begin with/],
    ['fewer layers than announced', utf8(`7767517\n3 3\n${input}\n`), /has 1 of the 3 layers/],
    ['a layer in pieces', param('Input data 0'), /line 3: a layer is its type/],
    ['counts without end', param('Input data 999999 999999 a b'), /line 3: a layer is/],
    ['a parameter without a number', param('Input data 0 1 data x=3'), /x=3 is no parameter/],
    ['a list of another length', param('Crop c 1 1 a b -23309=2,1'), /announces 2 numbers, but has 1/],
    [
      'unknown layers, all at once',
      param(input, 'LSTM a 1 1 data a', 'Gru b 1 1 a b'),
      /not supported: LSTM, Gru/,
    ],
    ["pnnx's own graph", param('pnnx.Input a 0 1 0', 'nn.Conv2d c 1 1 0 1'), /\.ncnn\.param/],
    ['a blob that nobody makes', param(input, 'ReLU r 1 1 dota r'), /takes the blob dota, which no layer/],
    ['a kernel of no size', param(input, 'Convolution c 1 1 data c 0=2 6=2'), /the kernel is 0/],
    [
      'weights that make no kernels',
      param(input, 'Convolution c 1 1 data c 0=3 1=3 6=7'),
      /7 weights, which do not make 3/,
    ],
    [
      'weights without end',
      param(input, 'Convolution c 1 1 data c 0=1 1=1 6=2147483647'),
      /take 4 bytes, but 0 are left/,
    ],
    [
      'numbers without end',
      param(input, 'InnerProduct c 1 1 data c 0=1000000000000 2=3'),
      /no 32-bit integer/,
    ],
    [
      'biases without end',
      param(input, 'Bias b 1 1 data b 0=2000000000'),
      /take 8000000000 bytes, but 0 are left/,
    ],
    ['a window beyond the image', param(input, 'Pooling p 1 1 data p 1=5'), /windows of 5/],
    ['an axis that is not there', param(input, 'Softmax s 1 1 data s 0=7 1=1'), /axis 8 is not one/],
    ['blobs that are missing', param(input, 'BinaryOp b 1 1 data b 0=0'), /takes 1 blobs, but needs 2/],
    ['more blobs than a layer makes', param(input, 'ReLU r 1 2 data r s'), /makes 2 blobs; 1 are supported/],
  ])('%s: refused', async (_, layers, message) => {
    await expect(graph(layers)).rejects.toThrow(message)
  })

  it('with arrays of another network are refused', async () => {
    const bin = joined(tag(0), floats(...weights), bias, floats(1))
    await expect(open(param(input, convolution), bin)).rejects.toThrow(
      /holds 24 bytes, but the layers .* take 20/,
    )
  })

  it('are read or refused, whatever their bytes', async () => {
    const good = {
      'a.param': param(
        'Input data 0 1 data 0=8 1=8 2=3',
        'Convolution conv 1 1 data conv 0=4 1=3 4=1 5=1 6=108 9=1',
        'Split s 1 2 conv a b',
        'Pooling p 1 1 a p 0=0 1=3 2=2',
        'Interp i 1 1 p i 0=2 3=8 4=8',
        'Concat c 2 1 b i c',
        'BatchNorm bn 1 1 c bn 0=8 1=0.001',
        'Pooling g 1 1 bn g 0=1 4=1',
        'InnerProduct fc 1 1 g fc 0=5 1=1 2=40',
        'Softmax prob 1 1 fc prob',
      ),
      'a.bin': joined(
        tag(0),
        floats(...Array(112).fill(0.5)),
        floats(...Array(32).fill(1)),
        tag(0x01306b47),
        new Uint8Array(80),
        floats(1, 2, 3, 4, 5),
      ),
    }
    await expect(readsOrRefuses(() => openCheckpoint(folderOf(good)('a.param')))).resolves.toBe('read')
    const results = { read: 0, refused: 0 }
    for (const name of ['a.param', 'a.bin'] as const) {
      for (const copy of damagedCopies(good[name], 300)) {
        results[await readsOrRefuses(() => openCheckpoint(folderOf({ ...good, [name]: copy })('a.param')))]++
      }
    }
    expect(results.read).toBeGreaterThan(20)
    expect(results.refused).toBeGreaterThan(200)
  })
})
