import { describe, expect, it } from 'vitest'
import {
  createGraphNetwork,
  DataDependentError,
  GraphError,
  type GraphModel,
  type GraphNode,
} from '../../src/onnx/index.ts'
import { type Attribute, type Attributes, int, ints } from '../../src/onnx/model.ts'
import { sgd } from '../../src/optim/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { type StoredTensor, weightTensor } from '../../src/weights/index.ts'

function stored(shape: number[], values: Float32Array | BigInt64Array): StoredTensor {
  const weight =
    values instanceof Float32Array ? weightTensor(shape, 'F32', values) : weightTensor(shape, 'I64', values)
  return { shape, dtype: weight.dtype, read: async () => weight }
}

function node(op: string, inputs: string[], outputs: string[], attributes: Attributes = {}): GraphNode {
  return { name: `${op}_${outputs[0]}`, op, domain: '', inputs, outputs, attributes }
}

function ramp(size: number, scale = 0.1): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i + 1))
}

function modelOf(
  nodes: GraphNode[],
  initializers: [string, StoredTensor][],
  inputs = ['x'],
  outputs = ['y'],
  opset = 13,
): GraphModel {
  const value = (name: string) => ({ name, type: 'FLOAT' as const, shape: null })
  return {
    opset,
    metadata: {},
    producer: 'test',
    graph: {
      name: 'test',
      nodes,
      inputs: inputs.map(value),
      outputs: outputs.map(value),
      initializers: new Map(initializers),
    },
  }
}

/** A convolution, batch normalization, ReLU, a reshape that follows from the input's shape, and a dense layer. */
function smallNetwork(): GraphModel {
  return modelOf(
    [
      node('Conv', ['x', 'conv.weight', 'conv.bias'], ['a'], { pads: ints([1, 1, 1, 1]) }),
      node('BatchNormalization', ['a', 'bn.weight', 'bn.bias', 'bn.mean', 'bn.var'], ['b']),
      node('Relu', ['b'], ['c']),
      node('GlobalAveragePool', ['c'], ['d']),
      node('Shape', ['d'], ['shape']),
      node('Gather', ['shape', 'zero'], ['batch'], { axis: int(0) }),
      node('Concat', ['batch', 'rest'], ['target'], { axis: int(0) }),
      node('Reshape', ['d', 'target'], ['e']),
      node('Gemm', ['e', 'fc.weight', 'fc.bias'], ['y'], { transB: int(1) }),
    ],
    [
      ['fc.weight', stored([3, 4], ramp(12, 0.5))],
      ['conv.weight', stored([4, 2, 3, 3], ramp(72, 0.3))],
      ['conv.bias', stored([4], ramp(4))],
      ['bn.weight', stored([4], Float32Array.of(1, 0.5, 2, 1))],
      ['bn.bias', stored([4], ramp(4))],
      ['bn.mean', stored([4], ramp(4))],
      ['bn.var', stored([4], Float32Array.of(1, 2, 0.5, 1))],
      ['fc.bias', stored([3], ramp(3))],
      ['zero', stored([1], BigInt64Array.of(0n))],
      ['rest', stored([1], BigInt64Array.of(-1n))],
    ],
  )
}

describe('a network from a graph', () => {
  it('has the weights as parameters and buffers, under the names and in the order of the file', async () => {
    const network = await createGraphNetwork(smallNetwork())
    expect([...network.stateDict().keys()]).toEqual([
      'fc.weight',
      'conv.weight',
      'conv.bias',
      'bn.weight',
      'bn.bias',
      'bn.mean',
      'bn.var',
      'fc.bias',
    ])
    expect(network.namedBuffers().map(([name]) => name)).toEqual(['bn.mean', 'bn.var'])
    const weight = network.stateDict().get('conv.weight')!
    expect(await weight.data()).toEqual(ramp(72, 0.3))
  })

  it('learns: the loss falls, and running statistics move in training only', async () => {
    const network = await createGraphNetwork(smallNetwork())
    const x = tensor(ramp(4 * 2 * 6 * 6, 1), [4, 2, 6, 6])
    const mean = network.stateDict().get('bn.mean')!
    network.eval()
    expect(network.forward(x).shape).toEqual([4, 3])
    const before = await network.forward(x).data()
    expect(await mean.data()).toEqual(ramp(4))
    network.train()
    const target = tensor(ramp(12, 2), [4, 3])
    const optimizer = sgd(network.parameters(), { lr: 0.05 })
    const losses: number[] = []
    for (let step = 0; step < 20; step++) {
      const loss = network.forward(x).sub(target).square().mean()
      optimizer.zeroGrad()
      loss.backward()
      expect(network.parameters().every((parameter) => parameter.grad !== null)).toBe(true)
      await optimizer.step()
      losses.push(await loss.item())
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.95)
    expect(await mean.data()).not.toEqual(ramp(4))
    network.eval()
    expect(await network.forward(x).data()).not.toEqual(before)
  })

  it('lists all operators that are not supported, with their counts', async () => {
    const model = modelOf(
      [node('LSTM', ['x'], ['a']), node('Einsum', ['a'], ['b']), node('LSTM', ['b'], ['y'])],
      [],
    )
    await expect(createGraphNetwork(model)).rejects.toThrow('not supported: LSTM (2), Einsum (1)')
  })

  it('names the node where a shape is not known', async () => {
    const network = await createGraphNetwork(modelOf([node('Reshape', ['x', 's'], ['y'])], [], ['x', 's']))
    const run = () => network.forward(tensor([1, 2]), tensor([2], [1], { dtype: 'int32' }))
    expect(run).toThrow(GraphError)
    expect(run).toThrow(/Reshape 'Reshape_y': the shape \(input 1, 's'\)/)
  })

  it('takes the branch of a condition that is known, and refuses one that the network computes', async () => {
    const branch = (op: string): Attribute => ({
      type: 'graph',
      value: {
        name: op,
        nodes: [node(op, ['x', 'own'], ['inner'])],
        inputs: [],
        outputs: [{ name: 'inner', type: null, shape: null }],
        initializers: new Map([['own', stored([], Float32Array.of(3))]]),
      },
    })
    const branches = { then_branch: branch('Mul'), else_branch: branch('Add') }
    const bySize = modelOf(
      [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'zero'], ['size']),
        node('Greater', ['size', 'two'], ['large']),
        node('If', ['large'], ['y'], branches),
      ],
      [
        ['zero', stored([], BigInt64Array.of(0n))],
        ['two', stored([], BigInt64Array.of(2n))],
      ],
    )
    const network = await createGraphNetwork(bySize)
    expect(await network.forward(tensor([1, 2, 3])).data()).toEqual(Float32Array.of(3, 6, 9))
    expect(await network.forward(tensor([1, 2])).data()).toEqual(Float32Array.of(4, 5))
    const byValue = modelOf(
      [
        node('ReduceMax', ['x'], ['largest']),
        node('Greater', ['largest', 'one'], ['c']),
        node('If', ['c'], ['y'], branches),
      ],
      [['one', stored([], Float32Array.of(1))]],
    )
    const refusing = await createGraphNetwork(byValue)
    expect(() => refusing.forward(tensor([1, 2]))).toThrow(DataDependentError)
    expect(() => refusing.forward(tensor([1, 2]))).toThrow(/If 'If_y': the condition/)
  })

  it('sees constants that were loaded anew', async () => {
    const network = await createGraphNetwork(
      modelOf([node('Clip', ['x', '', 'most'], ['y'])], [['most', stored([], Float32Array.of(2))]]),
    )
    expect(await network.forward(tensor([1, 5])).data()).toEqual(Float32Array.of(1, 2))
    network.loadStateDict(new Map([['most', weightTensor([], 'F32', Float32Array.of(4))]]))
    expect(await network.forward(tensor([1, 5])).data()).toEqual(Float32Array.of(1, 4))
  })

  it('holds float16 weights as float32, exactly', async () => {
    const half = weightTensor([2], 'F16', Uint16Array.of(0x3c00, 0x3555))
    const network = await createGraphNetwork(
      modelOf(
        [node('Mul', ['x', 'w'], ['y'])],
        [['w', { shape: [2], dtype: 'F16', read: async () => half }]],
      ),
    )
    expect(await network.forward(tensor([1, 3])).data()).toEqual(Float32Array.of(1, 3 * 0.333251953125))
    expect(network.parameters().length).toBe(1)
  })

  it.each([
    ['a constant of absurd size', 'Expand', 2n ** 40n, /is more than what is computed before/],
    ['a range of absurd length', 'Range', 2n ** 40n, /is too long/],
  ])('refuses %s', async (_, op, size, error) => {
    const inputs = op === 'Range' ? ['zero', 'size', 'one'] : ['one', 'sizes']
    const network = await createGraphNetwork(
      modelOf(
        [node(op, inputs, ['y'])],
        [
          ['zero', stored([], BigInt64Array.of(0n))],
          ['one', stored([], BigInt64Array.of(1n))],
          ['size', stored([], BigInt64Array.of(size))],
          ['sizes', stored([1], BigInt64Array.of(size))],
        ],
      ),
    )
    expect(() => network.forward(tensor([1]))).toThrow(error)
  })
})
