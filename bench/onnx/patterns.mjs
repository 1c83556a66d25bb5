// Compositions of Ocelli's primitives for which ONNX has one operator, as an exporter of layers would write it.

/** Where x and a known number meet in a commutative op; null where they don't. */
function withNumber(graph, node, op) {
  if (node.op !== op) return null
  for (const [i, input] of node.inputs.entries()) {
    const number = graph.numberOf(input)
    if (number !== null) return { x: node.inputs[1 - i], number }
  }
  return null
}

const near = (a, b) => Math.abs(a - b) <= 1e-6 * Math.abs(b)

function clip(graph, node) {
  const upper = withNumber(graph, node, 'minimum')
  if (!upper) return null
  const inner = [upper.x]
  if (upper.x.op === 'relu') return { x: upper.x.inputs[0], low: 0, high: upper.number, inner }
  const lower = withNumber(graph, upper.x, 'maximum')
  return lower && { x: lower.x, low: lower.number, high: upper.number, inner }
}

function hardSigmoid(graph, node) {
  const sixth = withNumber(graph, node, 'mul')
  if (!sixth || !near(sixth.number, 1 / 6)) return null
  const clipped = clip(graph, sixth.x)
  if (clipped?.low !== 0 || clipped.high !== 6) return null
  const shifted = withNumber(graph, clipped.x, 'add')
  if (shifted?.number !== 3) return null
  return { x: shifted.x, inner: [sixth.x, ...clipped.inner, clipped.x] }
}

function hardSwish(graph, node) {
  if (node.op !== 'mul') return null
  for (const [i, input] of node.inputs.entries()) {
    const sigmoid = hardSigmoid(graph, input)
    if (sigmoid && sigmoid.x === node.inputs[1 - i]) return { x: sigmoid.x, inner: [input, ...sigmoid.inner] }
  }
  return null
}

function globalAverage(graph, node) {
  const mean = withNumber(graph, node, 'mul')
  if (mean?.x.op !== 'reduceSum') return null
  const [images] = mean.x.inputs
  const { axes } = mean.x.attrs
  if (images.shape.length !== 4 || axes.length !== 2 || axes[0] !== 2 || axes[1] !== 3) return null
  if (!near(mean.number, 1 / (images.shape[2] * images.shape[3]))) return null
  return { x: images, keepdim: mean.x.attrs.keepdim, inner: [mean.x] }
}

function softmax(node) {
  if (node.op !== 'div') return null
  const [exponentials, sum] = node.inputs
  if (exponentials.op !== 'exp' || sum.op !== 'reduceSum' || sum.inputs[0] !== exponentials) return null
  const [shifted] = exponentials.inputs
  if (shifted.op !== 'sub' || sum.attrs.axes.length !== 1) return null
  const [x, most] = shifted.inputs
  if (most.op !== 'reduceMax' || most.attrs.axes[0] !== sum.attrs.axes[0]) return null
  let [source] = most.inputs
  const inner = [exponentials, sum, shifted, most]
  for (; source.op === 'identity'; source = source.inputs[0]) inner.push(source)
  return source === x ? { x, axis: sum.attrs.axes[0], inner } : null
}

function maxPool(node) {
  if (node.op !== 'poolGather' || node.inputs[1].op !== 'maxPool2dIndices') return null
  const [x, indices] = node.inputs
  return indices.inputs[0] === x ? { x, pool: indices.attrs, inner: [indices] } : null
}

/** The window of an average pool along one axis, from its taps; null where they are no such thing. */
function windowOf({ inSize, outSize, offsets, indices, weights }) {
  const row = (o) => ({ from: indices[offsets[o]], count: offsets[o + 1] - offsets[o] })
  let kernel = 0
  for (let o = 0; o < outSize; o++) kernel = Math.max(kernel, row(o).count)
  for (let stride = 1; stride <= Math.max(kernel, 2); stride++) {
    for (let before = 0; before < kernel; before++) {
      const fits = Array.from({ length: outSize }, (_, o) => {
        const [from, to] = [Math.max(o * stride - before, 0), Math.min(o * stride - before + kernel, inSize)]
        return row(o).from === from && row(o).count === to - from
      })
      if (!fits.every(Boolean)) continue
      const after = Math.max((outSize - 1) * stride + kernel - inSize - before, 0)
      const counts = (o, divisor) => near(weights[offsets[o]], 1 / divisor)
      const outputs = Array.from({ length: outSize }, (_, o) => o)
      const includePad = outputs.every((o) => counts(o, kernel))
      if (!includePad && !outputs.every((o) => counts(o, row(o).count))) continue
      return { kernel, stride, before, after, includePad }
    }
  }
  return null
}

function averagePool(node) {
  if (node.op !== 'resample' || node.attrs.axis !== 3) return null
  const [rows] = node.inputs
  if (rows.op !== 'resample' || rows.attrs.axis !== 2 || rows.shape.length !== 4) return null
  const windows = [windowOf(rows.attrs.taps), windowOf(node.attrs.taps)]
  const [vertical, horizontal] = windows
  if (!vertical || !horizontal || vertical.includePad !== horizontal.includePad) return null
  return { x: rows.inputs[0], windows, includePad: vertical.includePad, inner: [rows] }
}

const flag = (value) => (value ? 1n : 0n)

/** The operator that stands for `node` and the nodes inside its composition; null where there is none. */
export function patternAt(graph, node) {
  let found = maxPool(node)
  if (found) {
    const { kernel, stride, dilation, padding, outputSize } = found.pool
    // Windows that reach past the image see what is inside: padding at the end, as much as the output's size asks for.
    const after = [0, 1].map((axis) => {
      const reach = (outputSize[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
      return Math.max(reach - found.x.shape[2 + axis] - padding[2 * axis], 0)
    })
    const attributes = {
      kernel_shape: [...kernel],
      strides: [...stride],
      dilations: [...dilation],
      pads: [padding[0], padding[2], ...after],
    }
    return { ...found, type: 'MaxPool', attributes }
  }
  found = averagePool(node)
  if (found) {
    const [v, h] = found.windows
    const attributes = {
      kernel_shape: [v.kernel, h.kernel],
      strides: [v.stride, h.stride],
      pads: [v.before, h.before, v.after, h.after],
      count_include_pad: flag(found.includePad),
    }
    return { ...found, type: 'AveragePool', attributes }
  }
  found = hardSwish(graph, node)
  if (found) return { ...found, type: 'HardSwish' }
  found = hardSigmoid(graph, node)
  if (found) return { ...found, type: 'HardSigmoid', attributes: { alpha: 1 / 6, beta: 0.5 } }
  found = clip(graph, node)
  if (found) return { ...found, type: 'Clip', limits: [found.low, found.high] }
  found = globalAverage(graph, node)
  if (found) return { ...found, type: 'GlobalAveragePool' }
  found = softmax(node)
  if (found) return { ...found, type: 'Softmax', attributes: { axis: BigInt(found.axis) } }
  return null
}
