import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { CheckpointError } from '../../src/weights/errors.ts'
import { loadStateDictFile } from '../../src/weights/file.ts'
import { openCheckpoint } from '../../src/weights/load.ts'
import { bytesAccess, type RandomAccess } from '../../src/weights/random-access.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'

type Files = Readonly<Record<string, Uint8Array>>

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** A folder in memory. */
function folder(files: Files, name = 'model.json'): RandomAccess {
  const source = bytesAccess(files[name]!, name)
  return {
    ...source,
    sibling: async (path) => (files[path] === undefined ? null : bytesAccess(files[path], path)),
  }
}

const bytesOf = (values: Float32Array | Uint16Array): Uint8Array => new Uint8Array(values.buffer)

/** A network of one dense layer as TensorFlow.js saves it: y = x · [[1, 2], [3, 4], [5, 6]] + [0.5, -1]. */
const topology = {
  class_name: 'Sequential',
  config: {
    name: 'sequential_1',
    layers: [
      {
        class_name: 'Dense',
        config: {
          name: 'dense_Dense1',
          units: 2,
          use_bias: true,
          activation: 'linear',
          batch_input_shape: [null, 3],
        },
      },
    ],
  },
  keras_version: 'tfjs-layers 4.22.0',
  backend: 'tensor_flow.js',
}
const kernel = { name: 'dense_Dense1/kernel', shape: [3, 2], dtype: 'float32' }
const bias = { name: 'dense_Dense1/bias', shape: [2], dtype: 'float32' }
const values = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6, 0.5, -1))

function model(manifest: unknown, more: object = {}): Uint8Array {
  return text({ format: 'layers-model', modelTopology: topology, weightsManifest: manifest, ...more })
}

describe('a layers model of TensorFlow.js', () => {
  it('runs from weights that are spread over files in the middle of a number', async () => {
    const files = {
      'model.json': model([{ paths: ['./a.bin', 'b.bin'], weights: [kernel, bias] }]),
      'a.bin': values.subarray(0, 10),
      'b.bin': values.subarray(10),
    }
    const file = await openCheckpoint(folder(files))
    expect([file.format, file.metadata]).toEqual(['tfjs', { keras_version: 'tfjs-layers 4.22.0' }])
    expect([...file.tensors.keys()]).toEqual(['dense_Dense1.weight', 'dense_Dense1.bias'])
    const network = await createGraphNetwork(await file.network!())
    const output = network.forward(tensor([1, 1, 1, 1, 0, -1], [2, 3]))
    expect([...((await output.data()) as Float32Array)]).toEqual([9.5, 11, -3.5, -5])
  })

  it('has its quantized weights made float32', async () => {
    const weights = [
      { ...kernel, quantization: { dtype: 'uint8', scale: 0.5, min: -2, original_dtype: 'float32' } },
      { ...bias, quantization: { dtype: 'float16' } },
      {
        name: 'more/wide',
        shape: [2],
        dtype: 'float32',
        quantization: { dtype: 'uint16', scale: 0.001, min: -1 },
      },
      { name: 'more/whole', shape: [2], dtype: 'int32', quantization: { dtype: 'uint8', scale: 2, min: -4 } },
    ]
    const bytes = new Uint8Array([0, 1, 2, 3, 4, 255, 0x00, 0x38, 0x00, 0xbc, 0xe8, 0x03, 0xff, 0xff, 0, 3])
    const files = { 'model.json': model([{ paths: ['w'], weights }]), w: bytes }
    const { tensors } = await openCheckpoint(folder(files))
    const read = async (name: string): Promise<number[]> => [...toFloat32(await tensors.get(name)!.read())]
    // The kernel is transposed.
    expect(await read('dense_Dense1.weight')).toEqual([-2, -1, 0, -1.5, -0.5, 125.5])
    expect(await read('dense_Dense1.bias')).toEqual([0.5, -1])
    expect((await read('more.wide')).map((value) => Math.fround(value))).toEqual([0, 64.535].map(Math.fround))
    expect(tensors.get('more.whole')!.dtype).toBe('I32')
    expect([...((await tensors.get('more.whole')!.read()).values() as Int32Array)]).toEqual([-4, 2])
  })

  it('is not a graph model', async () => {
    const files = {
      'model.json': text({ format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] }),
    }
    await expect(openCheckpoint(folder(files))).rejects.toThrow(
      /a graph model of TensorFlow\.js.*convert the Keras model/,
    )
  })

  it('says which file of weights is missing, or too short', async () => {
    const manifest = [{ paths: ['group1-shard1of1.bin'], weights: [kernel, bias] }]
    const files = { 'model.json': model(manifest) }
    await expect(openCheckpoint(folder(files))).rejects.toThrow(
      /group1-shard1of1\.bin, which is not there; put it beside/,
    )
    await expect(openCheckpoint(files['model.json'])).rejects.toThrow(CheckpointError)
    const short = folder({ ...files, 'group1-shard1of1.bin': values.subarray(1) })
    await expect(openCheckpoint(short)).rejects.toThrow(/take 32 bytes, but the files have 31/)
  })

  it('names no file outside of its folder', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ocelli-tfjs-'))
    for (const path of ['../secret', '/etc/passwd', 'a/../../b']) {
      const file = join(directory, 'model.json')
      await writeFile(file, model([{ paths: [path], weights: [bias] }]))
      await expect(loadStateDictFile(file)).rejects.toThrow(/names a file outside of its folder/)
    }
  })

  it.each([
    ['no list', {}, /no list of groups/],
    ['no files', [{ weights: [] }], /names no files/],
    ['a file twice', [{ paths: ['w', 'w'], weights: [] }], /w is named twice/],
    ['a weight twice', [{ paths: ['w'], weights: [bias, bias] }], /two weights are named dense_Dense1\/bias/],
    ['a size below 0', [{ paths: ['w'], weights: [{ ...bias, shape: [-2] }] }], /has the shape \[-2\]/],
    ['a fraction', [{ paths: ['w'], weights: [{ ...bias, shape: [0.5] }] }], /has the shape/],
    [
      'sizes without end',
      [{ paths: ['w'], weights: [{ ...bias, shape: [2 ** 40, 2 ** 40] }] }],
      /beyond any file/,
    ],
    ['a huge size', [{ paths: ['w'], weights: [{ ...bias, shape: [2 ** 45] }] }], /but the files have 32/],
    ['text', [{ paths: ['w'], weights: [{ ...bias, dtype: 'string' }] }], /is of type "string"/],
    [
      'another type',
      [{ paths: ['w'], weights: [{ ...bias, dtype: 'constructor' }] }],
      /is of type "constructor"/,
    ],
    [
      'an unknown quantization',
      [{ paths: ['w'], weights: [{ ...bias, quantization: { dtype: 'uint4', scale: 1, min: 0 } }] }],
      /quantized to "uint4"/,
    ],
    [
      'no scale',
      [{ paths: ['w'], weights: [{ ...bias, quantization: { dtype: 'uint8' } }] }],
      /quantized without scale and min/,
    ],
  ])('with %s in its manifest is refused', async (_, manifest, message) => {
    const open = openCheckpoint(folder({ 'model.json': model(manifest), w: values }))
    await expect(open).rejects.toThrow(CheckpointError)
    await expect(open).rejects.toThrow(message)
  })

  it('that is cut off is refused', async () => {
    const whole = model([{ paths: ['w'], weights: [kernel, bias] }])
    for (let i = 0; i < 50; i++) {
      const cut = whole.subarray(0, Math.floor((i * whole.length) / 50))
      await expect(openCheckpoint(folder({ 'model.json': cut, w: values }))).rejects.toThrow(CheckpointError)
    }
  })
})
