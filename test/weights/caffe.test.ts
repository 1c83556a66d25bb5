import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork, type GraphModel } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { parseText } from '../../src/weights/caffe/text.ts'
import { type Checkpoint, openCheckpoint, toFloat32 } from '../../src/weights/index.ts'
import { MessageWriter } from '../../src/weights/protobuf-write.ts'
import { damagedCopies, folderOf, readsOrRefuses } from '../support/damaged.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function bytesOf(message: MessageWriter): Uint8Array {
  const out = new Uint8Array(message.length)
  let at = 0
  for (const part of message.parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const blob = (shape: readonly number[], values: readonly number[]): MessageWriter =>
  new MessageWriter().message(7, new MessageWriter().ints(1, shape)).floats(5, values)

function layer(
  name: string,
  type: string,
  blobs: readonly MessageWriter[],
  more?: MessageWriter,
): MessageWriter {
  const message = more ?? new MessageWriter()
  message.text(1, name).text(2, type)
  for (const each of blobs) message.message(7, each)
  return message
}

function caffemodel(...layers: readonly MessageWriter[]): Uint8Array {
  const net = new MessageWriter().text(1, 'net')
  for (const each of layers) net.message(100, each)
  return bytesOf(net)
}

const convolution = layer('conv', 'Convolution', [blob([2, 1, 1, 1], [2, 3]), blob([2], [0.5, -0.5])])

function open(
  prototxt: string | undefined,
  model: Uint8Array = caffemodel(convolution),
): Promise<Checkpoint> {
  const files = folderOf({
    'net.caffemodel': model,
    ...(prototxt === undefined ? {} : { 'net.prototxt': utf8(prototxt) }),
  })
  return openCheckpoint(files('net.caffemodel'))
}

async function graph(prototxt: string | undefined, model?: Uint8Array): Promise<GraphModel['graph']> {
  return (await (await open(prototxt, model)).network!()).graph
}

const input = 'input: "data" input_shape { dim: 1 dim: 1 dim: 2 dim: 2 }'
const conv = `layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 2 kernel_size: 1 } }`

describe('prototxt', () => {
  it('is parsed with comments, both brackets, lists, strings in pieces and numbers of all kinds', () => {
    const message = parseText(
      `# a comment
       name: "a\\"b" 'c' # another
       input_dim: [1, 0x10, -3]; state < phase: TEST level: +2 >
       layer: { loss_weight: 1.5e-2f }, layer { loss_weight: - .5 debug: true }`,
      'x.prototxt',
    )
    expect(message.text('name')).toBe('a"bc')
    expect(message.ints('input_dim')).toEqual([1, 16, -3])
    expect(message.message('state').int('level', 0)).toBe(2)
    expect(message.message('state').choice('phase', { 0: 'TRAIN', 1: 'TEST' }, 'TRAIN')).toBe('TEST')
    expect(message.messages('layer').map((each) => each.number('loss_weight', 0))).toEqual([0.015, -0.5])
    expect(message.messages('layer')[1]!.flag('debug', false)).toBe(true)
  })

  it.each([
    ['layer { name: "a" ', /line 1: the file ends where } is missing/],
    ['layer { name "a" }', /: is missing after name/],
    ['layer { name: }', /} stands where a value belongs/],
    ['\n\n"a": 1', /line 3: "a" stands where the name of a field belongs/],
    ['a: 1 }', /} stands where/],
    ['a: "open', /line 1: the character/],
    ['a: 1 § 2', /the character "§" belongs to nothing/],
    ['a {'.repeat(100_000), /nested more than 64 deep/],
    ['a: --1', /- stands before what is no number/],
    [`a: ${'-'.repeat(100_000)}`, /- stands before what is no number/],
    ['a{}'.repeat(300_000), /more values than any network/],
  ])('number %# of broken texts is refused', (text, message) => {
    const start = performance.now()
    expect(() => parseText(text, 'x.prototxt')).toThrow(message)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('a network of Caffe', () => {
  it('takes the structure from the text and the weights from the other file', async () => {
    const checkpoint = await open(`${input} ${conv}`)
    expect([...checkpoint.tensors.keys()]).toEqual(['conv.weight', 'conv.bias'])
    const model = await checkpoint.network!()
    expect(model.graph.inputs).toEqual([{ name: 'data', type: 'FLOAT', shape: ['N', 1, 2, 2] }])
    expect(model.graph.outputs).toEqual([{ name: 'conv', type: 'FLOAT', shape: ['N', 2, 2, 2] }])
    const network = await createGraphNetwork(model)
    const y = network.forward(tensor([1, 2, 3, 4], [1, 1, 2, 2]))
    expect([...(await y.data())]).toEqual([2.5, 4.5, 6.5, 8.5, 2.5, 5.5, 8.5, 11.5])
  })

  it('can be opened by its text, and without one', async () => {
    const files = folderOf({
      'a.prototxt': utf8(`${input} ${conv}`),
      'a.caffemodel': caffemodel(convolution),
    })
    expect((await openCheckpoint(files('a.prototxt'))).tensors.size).toBe(2)
    const own = new MessageWriter().text(3, 'data').text(4, 'conv')
    own.message(106, new MessageWriter().int(1, 2).int(4, 1))
    const data = new MessageWriter().text(4, 'data')
    data.message(143, new MessageWriter().message(1, new MessageWriter().ints(1, [4, 1, 3, 3])))
    const model = caffemodel(
      layer('in', 'Input', [], data),
      layer('conv', 'Convolution', [blob([2, 1, 1, 1], [1, 1]), blob([2], [0, 0])], own),
    )
    expect((await graph(undefined, model)).outputs[0]!.shape).toEqual(['N', 2, 3, 3])
    const alone = folderOf({ 'a.prototxt': utf8(input) })
    await expect(openCheckpoint(alone('a.prototxt'))).rejects.toThrow(/a\.caffemodel, which is not there/)
  })

  it('leaves out what is for training, and what another phase has', async () => {
    const { nodes, outputs, inputs } = await graph(`
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { crop_size: 9 } }
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { crop_size: 8 } }
      ${conv}
      layer { name: "noise" type: "Unheard" bottom: "conv" top: "conv" exclude { phase: TEST } }
      layer { name: "accuracy" type: "Accuracy" bottom: "conv" bottom: "label" top: "accuracy" }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv" bottom: "label" top: "loss" }`)
    expect(nodes.map(({ op }) => op)).toEqual(['Conv'])
    expect(inputs[0]!.shape).toEqual(['N', 1, 8, 8])
    expect(outputs.map(({ name }) => name)).toEqual(['conv'])
  })

  it('ends with the numbers of a detector whose boxes it does not make', async () => {
    const checkpoint = await open(`${input} ${conv}
      layer { name: "prior" type: "PriorBox" bottom: "conv" bottom: "data" top: "prior" }
      layer { name: "priors" type: "Concat" bottom: "prior" top: "priors" concat_param { axis: 2 } }
      layer { name: "out" type: "DetectionOutput" bottom: "conv" bottom: "priors" top: "out" }`)
    const model = await checkpoint.network!()
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['conv'])
    expect(model.metadata['left out']).toBe('prior (PriorBox), priors (Concat), out (DetectionOutput)')
  })

  it('merges a scale into the statistics before it, unless something else takes those', async () => {
    const norm = layer('bn', 'BatchNorm', [blob([1], [2]), blob([1], [8]), blob([1], [2])])
    const scale = layer('sc', 'Scale', [blob([1], [3]), blob([1], [1])])
    const text = (top: string, more = ''): string => `${input}
      layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" batch_norm_param { eps: 0 } }
      layer { name: "sc" type: "Scale" bottom: "bn" top: "${top}" scale_param { bias_term: true } } ${more}`
    const model = caffemodel(norm, scale)
    const checkpoint = await open(text('bn'), model)
    expect([...toFloat32(await checkpoint.tensors.get('bn.running_var')!.read())]).toEqual([4])
    const also = text('sc', 'layer { name: "r" type: "ReLU" bottom: "bn" top: "r" }')
    for (const [prototxt, ops] of [
      [text('bn'), ['BatchNormalization']],
      [text('sc'), ['BatchNormalization']],
      [also, ['BatchNormalization', 'Reshape', 'Mul', 'Reshape', 'Add', 'Relu']],
    ] as const) {
      const { nodes } = await graph(prototxt, model)
      expect(nodes.map(({ op }) => op).filter((op) => op !== 'Constant')).toEqual(ops)
      const network = await createGraphNetwork(await (await open(prototxt, model)).network!())
      network.eval()
      const y = network.forward(tensor([1, 3, 5, 7], [1, 1, 2, 2]))
      expect([...(await y.data())]).toEqual([1, 4, 7, 10])
    }
  })

  it('adds the k of a response normalization', async () => {
    const { nodes } = await graph(
      `${input} layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { k: 2 } }`,
    )
    expect(nodes[0]!.attributes.bias).toEqual({ type: 'float', value: 2 })
  })

  it('reads blobs of four dimensions, in doubles, in 16-bit floats and number by number', async () => {
    const old = new MessageWriter().int(1, 1).int(2, 1).int(3, 1).int(4, 2).floats(5, [1, 2])
    const doubles = new MessageWriter().bytes(8, new Uint8Array(Float64Array.of(3, 4).buffer))
    const halves = new MessageWriter().int(10, 2).bytes(12, Uint8Array.of(0, 0x3c, 0, 0xc0))
    const single = new MessageWriter().float(5, 5).float(5, 6)
    const { tensors } = await open(undefined, caffemodel(layer('x', 'Other', [old, doubles, halves, single])))
    const read = await Promise.all(
      [...tensors.values()].map(async (each) => [...toFloat32(await each.read())]),
    )
    expect(read).toEqual([
      [1, 2],
      [3, 4],
      [1, -2],
      [5, 6],
    ])
    expect([...tensors.values()].map(({ shape, dtype }) => [dtype, ...shape])).toEqual([
      ['F32', 1, 1, 1, 2],
      ['F64', 2],
      ['F16', 2],
      ['F32', 2],
    ])
  })

  it.each([
    [
      'a blob that nobody makes',
      `${input} ${conv.replace('"data"', '"dota"')}`,
      /takes the blob dota, which no layer/,
    ],
    [
      'unknown layers, all at once',
      `${input} layer { name: "a" type: "Python" bottom: "data" top: "a" } layer { name: "b" type: "LSTM" bottom: "a" top: "b" }`,
      /not supported: Python, LSTM/,
    ],
    [
      'layers without weights',
      `${input} ${conv.replace('"conv"', '"other"')}`,
      /layer other \(Convolution\): has no weight/,
    ],
    [
      'kernels of another size',
      `${input} ${conv.replace('kernel_size: 1', 'kernel_size: 3')}`,
      /kernels of 3 x 3, but weights/,
    ],
    [
      'kernels without size',
      `${input} ${conv.replace('kernel_size: 1', 'kernel_size: 1e30')}`,
      /no integer of 32 bits/,
    ],
    [
      'windows beyond the image',
      `${input} layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { kernel_size: 5 } }`,
      /windows of 5/,
    ],
    [
      'windows without end',
      `${input} layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { kernel_size: 3 pad: 2000000000 } }`,
      /a pad of 2000000000/,
    ],
    [
      'a reshape to other numbers',
      `${input} layer { name: "r" type: "Reshape" bottom: "data" top: "r" reshape_param { shape { dim: 1 dim: 5 } } }`,
      /reshapes 4 numbers to \[5\]/,
    ],
    [
      'an axis that is not there',
      `${input} layer { name: "s" type: "Softmax" bottom: "data" top: "s" softmax_param { axis: 9 } }`,
      /axis 9 is not one of the 4/,
    ],
    ['a solver', 'net: "train.prototxt" base_lr: 0.1', /describes no network/],
    ['layers in layers', `layers { layer { name: "a" type: "conv" } bottom: "b" }`, /before 2014/],
    ['a layer without a type', `${input} layer { name: "a" }`, /layer a has no type/],
    [
      'inputs of three sizes',
      'input: "data" input_dim: 1 input_dim: 2 input_dim: 3 layer { type: "ReLU" bottom: "data" top: "a" }',
      /3 of the 4 sizes/,
    ],
    ['no outputs', `${input} layer { type: "Silence" bottom: "data" }`, /no layer makes an output/],
    [
      'words for numbers',
      `${input} layer { type: "ReLU" bottom: "data" top: "a" relu_param { negative_slope: MAX } }`,
      /line \d+: negative_slope is no number/,
    ],
  ])('%s: refused', async (_, prototxt, message) => {
    await expect(graph(prototxt)).rejects.toThrow(message)
  })

  it('refuses sizes of which no memory could be had, without trying', async () => {
    const huge = conv.replace('num_output: 2', 'num_output: 1000000000000')
    // How many outputs there are, the weights say.
    expect((await graph(`${input} ${huge}`)).outputs[0]!.shape![1]).toBe(2)
    const wide = new MessageWriter()
      .message(7, new MessageWriter().ints(1, [2 ** 40, 2 ** 40]))
      .floats(5, [1])
    await expect(open(undefined, caffemodel(layer('a', 'Bias', [wide])))).rejects.toThrow(
      /has the shape .*, but 1 numbers/,
    )
    await expect(open(undefined, bytesOf(new MessageWriter().text(1, 'net')))).rejects.toThrow(
      /it has no layers/,
    )
    await expect(open(undefined, utf8('version https://git-lfs'))).rejects.toThrow(/git lfs pull/)
  })

  it('is read or refused, whatever its bytes', async () => {
    const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'caffe-layers.json'), 'utf8'))
    const { prototxt, model } = cases.find(({ name }: { name: string }) => name === 'layers of 2014')
    const good = {
      'a.prototxt': utf8(prototxt),
      'a.caffemodel': new Uint8Array(Buffer.from(model, 'base64')),
    }
    const results = { read: 0, refused: 0 }
    for (const name of ['a.prototxt', 'a.caffemodel'] as const) {
      for (const copy of damagedCopies(good[name], 300)) {
        results[
          await readsOrRefuses(() => openCheckpoint(folderOf({ ...good, [name]: copy })('a.caffemodel')))
        ]++
      }
    }
    expect(results.read).toBeGreaterThan(20)
    expect(results.refused).toBeGreaterThan(200)
  })
})
