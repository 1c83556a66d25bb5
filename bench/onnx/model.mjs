// An Ocelli function as an ONNX model such as a good exporter writes: scales and shifts of channels folded into the
// convolutions before them, one operator for each layer, weights as initializers.
import { noGrad, realize, Tensor } from '../../dist/index.js'
import { patternAt } from './patterns.mjs'

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1)

/** The recorded graph of fn: what depends on its inputs, in order, and the values of everything else. */
async function recordGraph(fn, inputs) {
  const outputs = [noGrad(() => fn(...inputs))].flat()
  const leaves = new Set(inputs.map((input) => input.node))
  const nodes = new Set()
  const stack = outputs.map((output) => output.node)
  while (stack.length > 0) {
    const node = stack.pop()
    if (nodes.has(node)) continue
    nodes.add(node)
    if (node.storage === undefined) stack.push(...node.inputs)
  }
  const varying = new Set(leaves)
  const order = []
  for (const node of [...nodes].sort((a, b) => a.id - b.id)) {
    if (leaves.has(node) || node.storage !== undefined) continue
    if (!node.inputs.some((input) => varying.has(input))) continue
    varying.add(node)
    order.push(node)
  }
  return { order, outputs: outputs.map((output) => output.node), varying }
}

async function constantsOf({ order, varying }) {
  const known = order.flatMap((node) => node.inputs).filter((input) => !varying.has(input))
  const tensors = new Map(known.map((node) => [node, new Tensor(node)]))
  await realize(...tensors.values())
  const values = new Map()
  for (const [node, tensor] of tensors) values.set(node, await tensor.data())
  return values
}

const elementwise = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  neg: 'Neg',
  erf: 'Erf',
  floor: 'Floor',
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  pow: 'Pow',
  maximum: 'Max',
  minimum: 'Min',
  where: 'Where',
}

class Exporter {
  nodes = []
  initializers = []
  /** What each node's value is called in the model. */
  #names = new Map()
  /** Operators whose output's channels can still be scaled and shifted, by the name of their output. */
  #foldable = new Map()
  #uses = new Map()
  #inside = new Set()
  #patterns = new Map()
  #values

  /** With `batch`, the first dimension of images is left open, and `batch` is its size in the recorded graph. */
  constructor(graph, values, batch) {
    this.#values = values
    this.batch = batch
    for (const node of [...graph.order, { inputs: graph.outputs }]) {
      for (const input of new Set(node.inputs)) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1)
    }
    // From the end, so that the largest composition wins.
    for (const node of [...graph.order].reverse()) {
      if (this.#inside.has(node)) continue
      const pattern = patternAt(this, node)
      if (!pattern) continue
      // Every reader of an inner value must be part of the composition.
      const members = new Set([node, ...pattern.inner])
      const read = graph.order.some(
        (user) => !members.has(user) && user.inputs.some((input) => pattern.inner.includes(input)),
      )
      if (read || graph.outputs.some((output) => pattern.inner.includes(output))) continue
      this.#patterns.set(node, pattern)
      for (const inner of pattern.inner) this.#inside.add(inner)
    }
    for (const node of graph.order) {
      if (!this.#inside.has(node)) this.#emit(node)
    }
  }

  /** The value of a known single number, else null. */
  numberOf(node) {
    const values = this.#values.get(node)
    return values?.length === 1 ? values[0] : null
  }

  input(node, name) {
    this.#names.set(node, name)
  }

  nameOf(node) {
    const known = this.#names.get(node)
    if (known !== undefined) return known
    const values = this.#values.get(node)
    if (values === undefined) {
      const name = `input${node.id}`
      this.#names.set(node, name)
      return name
    }
    const name = this.#constant(values, node.shape, node.dtype)
    this.#names.set(node, name)
    return name
  }

  #constant(data, shape, dtype = 'float32') {
    const name = `constant${this.initializers.length}`
    this.initializers.push({ name, dtype, shape: [...shape], data })
    return name
  }

  #integers(values) {
    return this.#constant(BigInt64Array.from(values, BigInt), [values.length], 'int64')
  }

  #add(type, inputs, attributes) {
    const output = `value${this.nodes.length}`
    const operator = { type, name: `${type}${this.nodes.length}`, inputs, outputs: [output], attributes }
    this.nodes.push(operator)
    return output
  }

  #emit(node) {
    const pattern = this.#patterns.get(node)
    this.#names.set(node, pattern ? this.#emitPattern(node, pattern) : this.#emitNode(node))
  }

  #emitPattern(node, { x, type, attributes, limits, keepdim }) {
    const constants = (limits ?? []).map((limit) => this.#constant(Float32Array.of(limit), []))
    const output = this.#add(type, [this.nameOf(x), ...constants], attributes)
    if (type !== 'GlobalAveragePool' || keepdim) return output
    return this.#add('Flatten', [output], { axis: BigInt(node.shape.length - 1) })
  }

  #emitNode(node) {
    const folded = this.#foldAffine(node)
    if (folded !== null) return folded
    const [x] = node.inputs
    const { attrs } = node
    if (elementwise[node.op]) {
      return this.#add(
        elementwise[node.op],
        node.inputs.map((input) => this.nameOf(input)),
      )
    }
    switch (node.op) {
      case 'conv2d':
        return this.#convolution(node)
      case 'matmul':
        return this.#matmul(node)
      case 'identity':
        return this.nameOf(x)
      case 'reshape':
        return this.#reshape(x, node.shape)
      case 'permute':
        return this.#add('Transpose', [this.nameOf(x)], { perm: [...attrs.axes] })
      case 'concat':
        return this.#add(
          'Concat',
          node.inputs.map((input) => this.nameOf(input)),
          { axis: BigInt(attrs.axis) },
        )
      case 'slice': {
        const axes = node.shape.flatMap((_, i) =>
          attrs.starts[i] === 0 && attrs.stops[i] === x.shape[i] && attrs.steps[i] === 1 ? [] : [i],
        )
        const lists = [attrs.starts, attrs.stops].map((list) => this.#integers(axes.map((i) => list[i])))
        const steps = this.#integers(axes.map((i) => attrs.steps[i]))
        return this.#add('Slice', [this.nameOf(x), ...lists, this.#integers(axes), steps])
      }
      case 'pad': {
        if (attrs.interior.some((n) => n > 0)) break
        const pads = this.#integers([...attrs.before, ...attrs.after])
        return this.#add('Pad', [this.nameOf(x), pads, this.#constant(Float32Array.of(attrs.value), [])])
      }
      case 'reduceSum':
        return this.#add('ReduceSum', [this.nameOf(x), this.#integers(attrs.axes)], {
          keepdims: attrs.keepdim ? 1n : 0n,
        })
      case 'reduceMax':
        return this.#add('ReduceMax', [this.nameOf(x)], {
          axes: [...attrs.axes],
          keepdims: attrs.keepdim ? 1n : 0n,
        })
    }
    throw new Error(`${node.op} has no ONNX form in the benchmark's exporter`)
  }

  #reshape(x, shape) {
    if (x.shape.length === shape.length && x.shape.every((size, i) => size === shape[i]))
      return this.nameOf(x)
    const open = this.batch !== null && x.shape[0] === this.batch && shape[0] === this.batch
    if (open && shape.length === 2 && x.shape.length > 2)
      return this.#add('Flatten', [this.nameOf(x)], { axis: 1n })
    // Zero keeps the input's size.
    const target = shape.map((size, i) => (open && i === 0 ? 0 : size))
    return this.#add('Reshape', [this.nameOf(x), this.#integers(target)])
  }

  #convolution(node) {
    const [x, weight] = node.inputs
    const { stride, padding, dilation, groups } = node.attrs
    const values = this.#values.get(weight)
    if (values === undefined) throw new Error('a convolution with a computed weight is not exported')
    const [top, bottom, left, right] = padding
    const output = this.#add('Conv', [this.nameOf(x)], {
      kernel_shape: weight.shape.slice(2),
      strides: [...stride],
      dilations: [...dilation],
      pads: [top, left, bottom, right],
      group: BigInt(groups),
    })
    this.#openFold(output, values, weight.shape, 0, weight.shape[0])
    return output
  }

  #matmul(node) {
    const [a, b] = node.inputs
    const { transposeA, transposeB } = node.attrs
    const values = this.#values.get(b)
    if (a.shape.length !== 2 && (transposeA || transposeB))
      throw new Error('a transposed batched product is not exported')
    if (values === undefined || transposeA || a.shape.length !== 2) {
      if (!transposeA && !transposeB) return this.#add('MatMul', [this.nameOf(a), this.nameOf(b)])
      return this.#add('Gemm', [this.nameOf(a), this.nameOf(b)], {
        transA: transposeA ? 1n : 0n,
        transB: transposeB ? 1n : 0n,
      })
    }
    const output = this.#add('Gemm', [this.nameOf(a)], { transB: transposeB ? 1n : 0n })
    this.#openFold(output, values, b.shape, transposeB ? 0 : 1, node.shape[1])
    return output
  }

  /** Adds the operator's weight and, once it is known whether there is one, its bias. */
  #openFold(output, weight, shape, axis, channels) {
    const operator = this.nodes[this.nodes.length - 1]
    const initializer = { name: `${operator.name}.weight`, dtype: 'float32', shape: [...shape], data: weight }
    this.initializers.push(initializer)
    operator.inputs.push(initializer.name)
    this.#foldable.set(output, { operator, initializer, axis, channels, bias: null })
  }

  /** Takes scales and shifts of channels into the operator before, or makes a scale a BatchNormalization. */
  #foldAffine(node) {
    if (!['add', 'sub', 'mul', 'div'].includes(node.op)) return null
    const at = node.inputs.findIndex((input) => this.#values.has(input))
    if (at < 0 || (at === 0 && node.op === 'div')) return null
    const [x, constant] = [node.inputs[1 - at], node.inputs[at]]
    if (x.shape.length !== node.shape.length || sizeOf(x.shape) !== sizeOf(node.shape)) return null
    const channels = perChannel(constant.shape, this.#values.get(constant), node.shape)
    if (channels === null) return null
    const scale = node.op === 'mul' ? (c) => channels[c] : node.op === 'div' ? (c) => 1 / channels[c] : null
    const sign = node.op === 'sub' && at === 1 ? -1 : 1
    if (node.op === 'sub' && at === 0) return null
    let name = this.nameOf(x)
    const single = this.#uses.get(x) === 1
    if (!(single && this.#foldable.has(name))) {
      // A lone number is better left to an element-wise operator.
      if (scale === null || sizeOf(constant.shape) === 1 || node.shape.length !== 4) return null
      name = this.#normalization(name, channels.length)
    }
    const fold = this.#foldable.get(name)
    if (scale) this.#scale(fold, scale)
    else this.#shift(fold, (c) => sign * channels[c])
    return name
  }

  #normalization(x, channels) {
    const vector = (value) => new Float32Array(channels).fill(value)
    const scale = vector(1)
    const [mean, variance] = [this.#constant(vector(0), [channels]), this.#constant(vector(1), [channels])]
    const output = this.#add('BatchNormalization', [x], { epsilon: 0 })
    this.#openFold(output, scale, [channels], 0, channels)
    const fold = this.#foldable.get(output)
    this.#shift(fold, () => 0)
    fold.operator.inputs.push(mean, variance)
    return output
  }

  #scale({ initializer, axis, bias }, factor) {
    const { data, shape } = initializer
    const inner = sizeOf(shape.slice(axis + 1))
    initializer.data = data.map((value, i) => value * factor(Math.floor(i / inner) % shape[axis]))
    if (bias) bias.data = bias.data.map((value, c) => value * factor(c))
  }

  #shift(fold, amount) {
    if (fold.bias === null) {
      fold.bias = {
        name: `${fold.operator.name}.bias`,
        dtype: 'float32',
        shape: [fold.channels],
        data: new Float32Array(fold.channels),
      }
      this.initializers.push(fold.bias)
      fold.operator.inputs.push(fold.bias.name)
    }
    fold.bias.data = fold.bias.data.map((value, c) => value + amount(c))
  }
}

/** One value for each channel (axis 1) of `shape`, or null where the constant varies otherwise. */
function perChannel(constantShape, values, shape) {
  if (values === undefined || shape.length < 2) return null
  const channels = shape[1]
  if (values.length === 1) return new Float32Array(channels).fill(values[0])
  const extra = shape.length - constantShape.length
  const fits = constantShape.every((size, i) => size === (i + extra === 1 ? channels : 1))
  return fits && values.length === channels ? values : null
}

/**
 * Fn as operators and initializers of ONNX, for `encodeModel`. With `openBatch` its first dimension is called 'batch', to be fixed when the model is
 * loaded. Throws for what the exporter has no operator for.
 */
export async function modelOf(fn, inputs, { name, openBatch = false }) {
  const graph = await recordGraph(fn, inputs)
  const values = await constantsOf(graph)
  const batch = openBatch ? inputs[0].shape[0] : null
  const exporter = new Exporter(graph, values, batch)
  const info = (node, called) => ({
    name: called,
    dtype: node.dtype,
    shape: node.shape.map((size, i) => (openBatch && i === 0 ? 'batch' : size)),
  })
  return {
    name,
    nodes: exporter.nodes,
    initializers: exporter.initializers,
    inputs: inputs.map(({ node }) => info(node, exporter.nameOf(node))),
    outputs: graph.outputs.map((node) => info(node, exporter.nameOf(node))),
  }
}

/** Text that is equal where the recorded functions are: what a stored model was made from. */
export async function describeFunction(fn, inputs) {
  const { order, outputs } = await recordGraph(fn, inputs)
  const index = new Map()
  const numbered = (node) => index.get(node) ?? index.set(node, index.size).get(node)
  const line = (node) => {
    const attrs = JSON.stringify(node.attrs, (key, value) => (key === 'taps' ? value.key : value))
    return `${node.op} ${attrs} ${node.shape} ${node.inputs.map((input) => `${numbered(input)}:${input.shape}:${input.attrs.value ?? ''}`)}`
  }
  return [...order.map(line), outputs.map(numbered).join()].join('\n')
}
