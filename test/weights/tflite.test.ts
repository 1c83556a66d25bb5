import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { CheckpointError } from '../../src/weights/errors.ts'
import { type LoadOptions, loadStateDict, openCheckpoint } from '../../src/weights/load.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'
import { operatorCases } from '../support/tflite-cases.ts'
import { type FileNetwork, type FileTensor, tfliteFile } from '../support/tflite-file.ts'

const uint8 = { type: 3, scale: [0.5], zeroPoint: [2] }

/** A 1x1 convolution of one channel by 3, whose output can hold [0, 6] though no activation is fused. */
const quantized: FileNetwork = {
  tensors: [
    { name: 'input', shape: [1, 1, 3, 1], ...uint8 },
    { name: 'Net/conv/weights_quant/FakeQuantWithMinMaxVars', shape: [1, 1, 1, 1], data: [8], ...uint8 },
    { name: 'Net/conv/Conv2D_bias', shape: [1], type: 2, data: [4], scale: [0.25] },
    { name: 'Net/conv/Relu6', shape: [1, 1, 3, 1], type: 3, scale: [6 / 255], zeroPoint: [0] },
  ],
  operators: [
    {
      code: 3,
      inputs: [0, 1, 2],
      outputs: [3],
      options: [
        1,
        { 0: { kind: 'int8', value: 1 }, 1: { kind: 'int32', value: 1 }, 2: { kind: 'int32', value: 1 } },
      ],
    },
  ],
  inputs: [0],
  outputs: [3],
}

async function outputs(
  network: FileNetwork,
  values: readonly number[],
  options: LoadOptions = {},
): Promise<number[]> {
  const file = await openCheckpoint(tfliteFile(network), options)
  const graph = await createGraphNetwork(await file.network!())
  const shape = graph.inputs[0]!.shape!.map((size) => (typeof size === 'number' ? size : 1))
  return [...(await graph.forward(tensor([...values]).reshape(shape)).data())]
}

describe('a TensorFlow Lite file', () => {
  it('gives its weights by the names of their layers, in the layouts of PyTorch', async () => {
    const sound = operatorCases['CONV_2D SAME, stride 2 of an even size, RELU6']!
    const names = [
      'images:0',
      'model/stem/Conv2D;model/bn/FusedBatchNormV3',
      'model/stem/BiasAdd/ReadVariableOp/resource',
      'out',
    ]
    const network = {
      ...sound,
      tensors: sound.tensors.map((each, i): FileTensor => ({ ...each, name: names[i]! })),
    }
    const loaded = await loadStateDict(tfliteFile(network))
    expect(loaded.format).toBe('tflite')
    expect(loaded.metadata).toEqual({ description: 'made by a test' })
    const found = [...loaded.tensors].map(([name, { shape, dtype }]) => [name, dtype, shape])
    expect(found).toEqual([
      ['model.stem.weight', 'F32', [4, 3, 3, 3]],
      ['model.stem.bias', 'F32', [4]],
    ])
    const stored = Float32Array.from(sound.tensors[1]!.data as number[])
    const weight = toFloat32(loaded.tensors.get('model.stem.weight')!)
    // [out, h, w, in] becomes [out, in, h, w].
    const at = (o: number, i: number, h: number, w: number): number => stored[((o * 3 + h) * 3 + w) * 3 + i]!
    expect(weight[0]).toBe(at(0, 0, 0, 0))
    expect(weight[((2 * 3 + 1) * 3 + 2) * 3 + 0]).toBe(at(2, 1, 2, 0))
    expect(weight[((3 * 3 + 2) * 3 + 0) * 3 + 1]).toBe(at(3, 2, 0, 1))
  })

  it('says what its network takes and gives, and has the same state dict', async () => {
    const file = await openCheckpoint(tfliteFile(quantized))
    const network = await createGraphNetwork(await file.network!())
    expect(network.inputs).toEqual([{ name: 'input', type: 'FLOAT', shape: ['batch', 1, 1, 3] }])
    expect(network.outputs).toEqual([{ name: 'Net/conv/Relu6', type: 'FLOAT', shape: ['batch', 1, 1, 3] }])
    expect([...network.stateDict().keys()]).toEqual([...file.tensors.keys()])
    expect([...file.tensors.keys()]).toEqual(['Net.conv.weight', 'Net.conv.bias'])
  })

  it('dequantises, by one scale or by one for each channel', async () => {
    const perChannel: FileNetwork = {
      ...quantized,
      tensors: [
        { shape: [1, 2], type: 9, scale: [1], zeroPoint: [0] },
        {
          name: 'fc/MatMul',
          shape: [3, 2],
          type: 9,
          data: [1, 255, 2, 254, 3, 253],
          scale: [1, 0.5, 0.25],
          zeroPoint: [0, 0, 0],
        },
        { name: 'b', shape: [3], type: 2, data: [8, 8, 8], scale: [1, 0.5, 0.25], zeroPoint: [0, 0, 0] },
        { shape: [1, 3], type: 9, scale: [1], zeroPoint: [0] },
      ],
      operators: [{ code: 9, inputs: [0, 1, 2], outputs: [3], options: [8, {}] }],
    }
    const { tensors } = await loadStateDict(tfliteFile(perChannel))
    expect([...toFloat32(tensors.get('fc.weight')!)]).toEqual([1, -1, 1, -1, 0.75, -0.75])
    expect([...toFloat32(tensors.get('fc.bias')!)]).toEqual([8, 4, 2])
    const single = (await loadStateDict(tfliteFile(quantized))).tensors
    expect([...toFloat32(single.get('Net.conv.weight')!)]).toEqual([3])
    expect([...toFloat32(single.get('Net.conv.bias')!)]).toEqual([1])
  })

  it('of float16 weights, dequantised in the network, gives float32', async () => {
    const network: FileNetwork = {
      tensors: [
        { shape: [1, 2] },
        { name: 'fc/kernel', shape: [1, 2], type: 1, data: [0x3c00, 0xc100] },
        { shape: [1, 2] },
        { shape: [1, 1] },
      ],
      operators: [
        { code: 6, inputs: [1], outputs: [2] },
        { code: 9, inputs: [0, 2, -1], outputs: [3], options: [8, {}] },
      ],
      inputs: [0],
      outputs: [3],
    }
    expect(await outputs(network, [10, 2])).toEqual([5])
  })

  it('holds activations to the range of their type unless told otherwise', async () => {
    expect(await outputs(quantized, [-5, 1, 5])).toEqual([0, 4, 6])
    expect(await outputs(quantized, [-5, 1, 5], { quantizedRanges: false })).toEqual([-14, 4, 16])
  })

  it('lists all that is not supported at once, and gives the weights all the same', async () => {
    const network: FileNetwork = {
      ...quantized,
      tensors: [
        ...quantized.tensors,
        ...[1, 2, 3].map(() => ({ shape: [1, 1, 3, 1] })),
        { name: 'lstm/kernel', shape: [2], data: [1, 2] },
      ],
      operators: [
        ...quantized.operators,
        { code: 32, custom: 'TFLite_Detection_PostProcess', inputs: [3], outputs: [4] },
        { code: 16, inputs: [4, 7], outputs: [5] },
        { code: 16, inputs: [5, 7], outputs: [6] },
      ],
      outputs: [6],
    }
    const file = await openCheckpoint(tfliteFile(network), { name: 'ssd.tflite' })
    expect([...file.tensors.keys()]).toEqual(['Net.conv.weight', 'Net.conv.bias', 'lstm.kernel'])
    const error = await file.network!().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CheckpointError)
    expect((error as Error).message).toBe(
      'ssd.tflite: the network has operators that are not supported: TFLite_Detection_PostProcess (a custom operator), ' +
        '2 x LSTM; its weights can be read all the same',
    )
  })

  it('refuses sparse weights by name', async () => {
    const tensors = quantized.tensors.with(1, { ...quantized.tensors[1]!, sparse: true })
    await expect(openCheckpoint(tfliteFile({ ...quantized, tensors }))).rejects.toThrow(
      /FakeQuantWithMinMaxVars" is sparse, which cannot be read; convert/,
    )
  })
})
