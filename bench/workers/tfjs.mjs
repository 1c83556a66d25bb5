// TensorFlow.js on its WASM backend, which has one thread in Node: the operators of the exported model, channels last.
import { createRequire } from 'node:module'
import { realize } from '../../dist/index.js'
import { signedOf } from '../../scripts/golden.mjs'
import { modelOf } from '../onnx/model.mjs'
import { engine, serve } from '../serve.mjs'
import { buildFunction } from '../workloads.mjs'

// Its builds for Node are CommonJS.
const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-core')
require('@tensorflow/tfjs-backend-wasm')

const channelsLast = (x) => tf.transpose(x, [0, 2, 3, 1])
const channelsFirst = (x) => (x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x)
const flatten = (x) => tf.reshape(channelsFirst(x), [x.shape[0], -1])

function explicitPadding([top, left, bottom, right]) {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]
}

const clip = (x, [low, high]) => (low === 0 && high === 6 ? tf.relu6(x) : tf.clipByValue(x, low, high))

const operators = {
  Relu: ([x]) => tf.relu(x),
  Sigmoid: ([x]) => tf.sigmoid(x),
  HardSigmoid: ([x]) => tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6),
  HardSwish: ([x]) => tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)),
  Add: ([a, b]) => tf.add(a, b),
  Mul: ([a, b]) => tf.mul(a, b),
  MatMul: ([a, b]) => tf.matMul(a, b),
  Flatten: ([x]) => flatten(x),
  GlobalAveragePool: ([x]) => tf.mean(x, [1, 2], true),
  // Channels are the axis that the exporter knows as 1.
  Concat: (inputs, { axis }) => tf.concat(inputs, inputs[0].rank === 4 && axis === 1n ? 3 : Number(axis)),
  MaxPool: ([x], { kernel_shape, strides, pads }) =>
    tf.maxPool(x, kernel_shape, strides, explicitPadding(pads), 'floor'),
}

/** The weight as TensorFlow lays it out, made once. */
function convolution({ strides, pads, dilations, group }, weight, bias, activation) {
  const depthwise = group > 1n
  if (depthwise && weight.shape[1] !== 1) throw new Error('TensorFlow.js has no grouped convolution')
  const filter = tf.transpose(weight, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])
  const options = { filter, strides, pad: explicitPadding(pads), dilations, bias, activation }
  return ([x]) =>
    depthwise ? tf.fused.depthwiseConv2d({ x, ...options }) : tf.fused.conv2d({ x, ...options })
}

/** Its WASM kernel computes nonsense for a transposed operand: the weight is transposed here, once. */
function product({ transB }, weight, bias, activation) {
  const b = transB === 1n ? tf.transpose(weight) : weight
  return ([a]) => tf.fused.matMul({ a, b, bias, activation })
}

/** Steps that run the model, each an output's name and a function; an activation joins the operator before it. */
function plan({ nodes, initializers }) {
  const weights = new Map(
    initializers
      .filter(({ dtype }) => dtype === 'float32')
      .map(({ name, shape, data }) => [name, tf.tensor(data, shape)]),
  )
  const uses = new Map()
  for (const input of nodes.flatMap((node) => node.inputs)) uses.set(input, (uses.get(input) ?? 0) + 1)
  const limitsOf = ({ inputs }) => inputs.slice(1).map((name) => weights.get(name).dataSync()[0])
  const activationOf = (node) => {
    if (node?.type === 'Relu') return 'relu'
    if (node?.type !== 'Clip') return 'linear'
    const [low, high] = limitsOf(node)
    return low === 0 && high === 6 ? 'relu6' : 'linear'
  }
  const steps = []
  const joined = new Set()
  for (const node of nodes) {
    if (joined.has(node)) continue
    const { type, inputs, attributes } = node
    let [output] = node.outputs
    let step = operators[type]
    if (type === 'Clip') {
      const limits = limitsOf(node)
      step = ([x]) => clip(x, limits)
    } else if (type === 'Conv' || type === 'Gemm') {
      const next = uses.get(output) === 1 && nodes.find((user) => user.inputs.includes(output))
      const activation = activationOf(next)
      if (activation !== 'linear') {
        joined.add(next)
        output = next.outputs[0]
      }
      const [weight, bias] = inputs.slice(1).map((name) => weights.get(name))
      const make = type === 'Conv' ? convolution : product
      step = make(attributes, weight, bias, activation)
    }
    if (!step) throw new Error(`the harness has no ${type} for TensorFlow.js`)
    steps.push({ inputs, output, run: (values) => step(values, attributes) })
  }
  return { steps, weights }
}

async function open(spec) {
  // Holds everything that is made until the workload is closed.
  tf.engine().startScope()
  const { fn, inputs } = await buildFunction(spec)
  await realize(...inputs)
  const model = await modelOf(fn, inputs, { name: 'model', openBatch: spec.kind === 'network' })
  const { steps, weights } = plan(model)
  const feeds = inputs.map(({ shape }, i) => {
    const values = signedOf('bench', spec.kind === 'network' ? 'input' : `input${i}`, shape)
    const x = tf.tensor(values, [...shape])
    return shape.length === 4 ? channelsLast(x) : x
  })
  const predict = () =>
    tf.tidy(() => {
      const values = new Map([...weights, ...model.inputs.map(({ name }, i) => [name, feeds[i]])])
      for (const { inputs: names, output, run } of steps)
        values.set(output, run(names.map((name) => values.get(name))))
      return channelsFirst(values.get(model.outputs[0].name))
    })
  const output = async () => {
    const result = predict()
    const data = await result.data()
    result.dispose()
    return data
  }
  return { run: output, output, close: () => tf.engine().endScope() }
}

async function hello() {
  if (process.env.OCELLI_THREADS !== '1') throw new Error('it has one thread in Node')
  await tf.setBackend('wasm')
  return { version: tf.version_core, threads: 1 }
}

await serve(engine({ hello, open }))
