import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { openCheckpoint } from '../../src/weights/load.ts'
import { zip } from '../support/zip.ts'

const weights = new Uint8Array(readFileSync(join(import.meta.dirname, 'keras', 'keras3.float16.weights.h5')))
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

interface Layer {
  readonly className: string
  readonly config?: object
  readonly module?: string
  /** What `inbound_nodes` holds; the input alone unless given. */
  readonly nodes?: unknown
}

/** Runs an image [1, channels, height, width] through layers that follow one another. */
async function run(
  layers: readonly Layer[],
  keras: string,
  channels: number,
  values: readonly number[],
): Promise<number[]> {
  const size = Math.sqrt(values.length / channels)
  const first = {
    name: 'in',
    class_name: 'InputLayer',
    config: { name: 'in', batch_shape: [null, size, size, channels] },
    inbound_nodes: [],
  }
  const described = layers.map(({ className, config = {}, module = '', nodes }, i) => {
    const before = i === 0 ? 'in' : `l${i - 1}`
    const name = `l${i}`
    return {
      name,
      class_name: className,
      module,
      config: { name, ...config },
      inbound_nodes: nodes ?? [[[before, 0, 0, {}]]],
    }
  })
  const ends = { input_layers: [['in', 0, 0]], output_layers: [[`l${layers.length - 1}`, 0, 0]] }
  const config = { class_name: 'Functional', config: { name: 'net', layers: [first, ...described], ...ends } }
  const file = await openCheckpoint(
    zip([
      { name: 'metadata.json', data: text({ keras_version: keras }) },
      { name: 'config.json', data: text(config) },
      { name: 'model.weights.h5', data: weights },
    ]),
  )
  const network = await createGraphNetwork(await file.network!())
  network.eval()
  const output = network.forward(tensor([...values], [1, channels, size, size]))
  return [...((await output.data()) as Float32Array)]
}

function expectClose(values: readonly number[], wanted: readonly number[]): void {
  expect(values.length).toBe(wanted.length)
  for (const [i, value] of wanted.entries())
    expect(Math.abs(values[i]! - value), `value ${i}`).toBeLessThan(1e-5)
}

const samples = [-4, -1.5, -0.3, 0, 0.3, 0.9, 2, 3.5, 7]
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)
/** By Simpson's rule. */
function normalDistribution(x: number): number {
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)
  const steps = 2000
  let sum = density(0) + density(x)
  for (let i = 1; i < steps; i++) sum += density((x * i) / steps) * (i % 2 === 1 ? 4 : 2)
  return 0.5 + (sum * x) / (3 * steps)
}

describe('activations of Keras', () => {
  it.each<[string, string, (x: number) => number]>([
    ['2.4.0', 'linear', (x) => x],
    ['2.4.0', 'relu6', (x) => clip(x, 0, 6)],
    ['2.4.0', 'hard_sigmoid', (x) => clip(0.2 * x + 0.5, 0, 1)],
    ['3.3.3', 'hard_sigmoid', (x) => clip(x / 6 + 0.5, 0, 1)],
    ['3.3.3', 'hard_silu', (x) => x * clip(x / 6 + 0.5, 0, 1)],
    ['2.4.0', 'swish', (x) => x * sigmoid(x)],
    ['2.4.0', 'gelu', (x) => x * normalDistribution(x)],
    ['2.4.0', 'elu', (x) => (x > 0 ? x : Math.expm1(x))],
    ['2.4.0', 'selu', (x) => 1.05070098 * (x > 0 ? x : 1.67326324 * Math.expm1(x))],
    ['2.4.0', 'softplus', (x) => Math.log1p(Math.exp(x))],
    ['2.4.0', 'softsign', (x) => x / (1 + Math.abs(x))],
    ['2.4.0', 'exponential', (x) => Math.exp(x)],
    ['3.3.3', 'leaky_relu', (x) => (x > 0 ? x : 0.2 * x)],
    ['3.3.3', 'mish', (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ])('of %s: %s', async (keras, activation, f) => {
    const values = await run([{ className: 'Activation', config: { activation } }], keras, 1, samples)
    const scale = activation === 'exponential' ? 1e-3 : 1
    expectClose(
      values.map((x) => x * scale),
      samples.map((x) => f(x) * scale),
    )
  })

  it.each<[string, object, (x: number) => number]>([
    ['ReLU', { max_value: 3 }, (x) => clip(x, 0, 3)],
    ['ReLU', { max_value: 3, negative_slope: 0.5 }, (x) => (x < 0 ? 0.5 * x : Math.min(x, 3))],
    [
      'ReLU',
      { threshold: 0.5, negative_slope: 0.5, max_value: 3 },
      (x) => (x < 0.5 ? 0.5 * (x - 0.5) : Math.min(x, 3)),
    ],
    ['ReLU', { threshold: 0.5 }, (x) => (x > 0.5 ? x : 0)],
    ['LeakyReLU', {}, (x) => (x > 0 ? x : 0.3 * x)],
    ['LeakyReLU', { alpha: 0.1 }, (x) => (x > 0 ? x : 0.1 * x)],
    ['ELU', { alpha: 2 }, (x) => (x > 0 ? x : 2 * Math.expm1(x))],
    ['Rescaling', { scale: 2, offset: -1 }, (x) => 2 * x - 1],
    ['Activation', { activation: { class_name: 'function', config: 'relu6' } }, (x) => clip(x, 0, 6)],
  ])('as layers: %s with %j', async (className, config, f) => {
    expectClose(await run([{ className, config }], '2.4.0', 1, samples), samples.map(f))
  })
})

describe('functions that are called on the outputs of layers', () => {
  const hardSwish = samples.map((x) => (x * clip(x + 3, 0, 6)) / 6)

  it('of TensorFlow, as TFOpLambda', async () => {
    const call = (f: string): object => ({ function: f })
    const layers: Layer[] = [
      {
        className: 'TFOpLambda',
        config: call('__operators__.add'),
        nodes: [['in', 0, 0, { y: 3.0, name: null }]],
      },
      { className: 'ReLU', config: { max_value: 6 } },
      {
        className: 'TFOpLambda',
        config: call('math.multiply'),
        nodes: [['l1', 0, 0, { y: ['in', 0, 0], name: null }]],
      },
      { className: 'TFOpLambda', config: call('math.truediv'), nodes: [['l2', 0, 0, { y: 6, name: null }]] },
    ]
    expectClose(await run(layers, '2.6.0', 1, samples), hardSwish)
  })

  it('of a graph, as TensorFlowOpLayer', async () => {
    const operation = (op: string, constants: object): object => ({
      node_def: { name: op, op, input: ['a', 'b'] },
      constants,
    })
    const layers: Layer[] = [
      { className: 'TensorFlowOpLayer', config: operation('AddV2', { 1: 3 }) },
      { className: 'TensorFlowOpLayer', config: operation('Relu6', {}) },
      { className: 'TensorFlowOpLayer', config: operation('Mul', { 0: 1 / 6 }) },
      {
        className: 'TensorFlowOpLayer',
        config: operation('Mul', {}),
        nodes: [
          [
            ['in', 0, 0, {}],
            ['l2', 0, 0, {}],
          ],
        ],
      },
    ]
    expectClose(await run(layers, '2.3.0', 1, samples), hardSwish)
  })

  it('of Keras 3, with constants and means of channels', async () => {
    const keras = (layer: string): object => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [layer, 0, 0] },
    })
    const module = 'keras.src.ops.numpy'
    const layers: Layer[] = [
      { className: 'Add', module, nodes: [{ args: [keras('in'), 3.0], kwargs: {} }] },
      { className: 'Relu6', module: 'keras.src.ops.nn', nodes: [{ args: [keras('l0')], kwargs: {} }] },
      { className: 'Multiply', module, nodes: [{ args: [keras('in'), keras('l1')], kwargs: {} }] },
      { className: 'TrueDivide', module, nodes: [{ args: [keras('l2'), 6], kwargs: {} }] },
      {
        className: 'Mean',
        module,
        config: { axis: [1, 2], keepdims: false },
        nodes: [{ args: [keras('l3')], kwargs: {} }],
      },
    ]
    const [mean] = await run(layers, '3.3.3', 1, samples)
    expect(mean).toBeCloseTo(hardSwish.reduce((a, b) => a + b, 0) / 9, 5)
  })
})

describe('axes of Keras', () => {
  // Two channels of 2 x 2 places.
  const image = [1, 2, 3, 4, 5, 6, 7, 8]

  it('are those of [height, width, channels]', async () => {
    expect(await run([{ className: 'Flatten' }], '2.4.0', 2, image)).toEqual([1, 5, 2, 6, 3, 7, 4, 8])
    expect(
      await run(
        [{ className: 'Permute', config: { dims: [3, 1, 2] } }, { className: 'Flatten' }],
        '2.4.0',
        2,
        image,
      ),
    ).toEqual(image)
    const scaled = await run(
      [{ className: 'Rescaling', config: { scale: [1, 10], offset: [0, 1] } }],
      '2.4.0',
      2,
      image,
    )
    expect(scaled).toEqual([1, 2, 3, 4, 51, 61, 71, 81])
    const joined = [
      {
        className: 'Concatenate',
        config: { axis: 1 },
        nodes: [
          [
            ['in', 0, 0, {}],
            ['in', 0, 0, {}],
          ],
        ],
      },
      { className: 'GlobalMaxPooling2D' },
    ]
    expect(await run(joined, '2.4.0', 2, image)).toEqual([4, 8])
  })

  it('of softmax are the channels', async () => {
    const values = await run([{ className: 'Softmax' }], '2.4.0', 2, image)
    expectClose(
      values,
      image.map((_, i) => sigmoid(i < 4 ? -4 : 4)),
    )
  })

  it('of images channels first are ours, and Flatten brings the channels last', async () => {
    const config = { data_format: 'channels_first' }
    const pooled = { className: 'MaxPooling2D', config: { ...config, pool_size: 1 } }
    const flat = await run([pooled, { className: 'Flatten', config }], '2.4.0', 2, image).catch(
      (e: Error) => e,
    )
    expect(flat).toEqual([1, 5, 2, 6, 3, 7, 4, 8])
  })
})
