const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1)

function gemm(name, op, m, n, k) {
  return {
    case: `${name} ${m}x${n}x${k}`,
    spec: { op, m, n, k },
    macs: m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
  }
}

function conv(name, { channels, size, out, kernel, stride = 1, groups = 1 }, batch = 1) {
  const outSize = Math.floor((size - 1) / stride) + 1
  const weights = (out * channels * kernel * kernel) / groups
  return {
    case: name,
    batch,
    spec: { op: 'conv', batch, channels, size, out, kernel, stride, groups },
    macs: batch * weights * outSize ** 2,
    bytes: 4 * (batch * channels * size ** 2 + weights + out + batch * out * outSize ** 2),
  }
}

/** Bound by memory: read once, written once. */
function stream(name, spec, outSize, inputs = 1) {
  return { case: name, spec, bytes: 4 * (inputs * sizeOf(spec.shape) + outSize) }
}

const depthwise = (channels, size, kernel, stride = 1) =>
  conv(`depthwise ${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''} ${channels}, ${size}`, {
    channels,
    size,
    out: channels,
    kernel,
    stride,
    groups: channels,
  })

const maps = [1, 64, 112, 112]

export const kernelCases = () =>
  [
    gemm('sgemm', 'matmul', 1024, 1024, 1024),
    gemm('sgemm', 'matmul', 512, 512, 4096),
    // The 1x1 convolutions of ResNet-50 and MobileNetV2 as products: pixels x output channels x input channels.
    ...[
      [3136, 64, 64],
      [3136, 256, 64],
      [3136, 64, 256],
      [784, 512, 128],
      [784, 128, 512],
      [196, 1024, 256],
      [196, 256, 1024],
      [49, 2048, 512],
      [49, 512, 2048],
      [12544, 96, 16],
      [3136, 144, 24],
      [3136, 24, 144],
      [784, 192, 32],
      [196, 384, 64],
      [196, 64, 384],
      [49, 960, 160],
      [49, 320, 960],
      [49, 1280, 320],
      [1, 1000, 1280],
      [1, 1000, 2048],
    ].map(([m, n, k]) => gemm('gemm', 'linear', m, n, k)),
    conv('conv 3x3 64, 56', { channels: 64, size: 56, out: 64, kernel: 3 }),
    conv('conv 3x3 128, 28', { channels: 128, size: 28, out: 128, kernel: 3 }),
    conv('conv 3x3 256, 14', { channels: 256, size: 14, out: 256, kernel: 3 }),
    conv('conv 3x3 512, 7', { channels: 512, size: 7, out: 512, kernel: 3 }),
    conv('conv 3x3 256, 14', { channels: 256, size: 14, out: 256, kernel: 3 }, 8),
    conv('conv 3x3/2 128, 56', { channels: 128, size: 56, out: 128, kernel: 3, stride: 2 }),
    conv('conv 1x1 256 to 64, 56', { channels: 256, size: 56, out: 64, kernel: 1 }),
    conv('conv 1x1 1024 to 256, 14', { channels: 1024, size: 14, out: 256, kernel: 1 }),
    conv('conv 7x7/2 3 to 64, 224', { channels: 3, size: 224, out: 64, kernel: 7, stride: 2 }),
    depthwise(144, 56, 3),
    depthwise(144, 56, 3, 2),
    depthwise(672, 14, 5),
    conv('grouped 3x3, 32 groups, 256, 28', { channels: 256, size: 28, out: 256, kernel: 3, groups: 32 }),
    stream('max pool 3x3/2', { op: 'maxPool', shape: maps, kernel: 3, stride: 2, padding: 1 }, 64 * 56 * 56),
    stream('average pool 2x2', { op: 'avgPool', shape: maps, kernel: 2, stride: 2 }, 64 * 56 * 56),
    stream('global average pool', { op: 'globalAvgPool', shape: [8, 2048, 7, 7] }, 8 * 2048),
    stream('add, relu', { op: 'addRelu', shape: [8, 256, 56, 56] }, 8 * 256 * 56 * 56, 2),
    stream('hard swish', { op: 'hardSwish', shape: [8, 64, 56, 56] }, 8 * 64 * 56 * 56),
    stream('softmax', { op: 'softmax', shape: [256, 1000] }, 256 * 1000),
  ].map((row) => ({ batch: 1, ...row, spec: { kind: 'kernel', ...row.spec } }))

export const kernels = {
  ours: 'ocelli',
  peers: ['onnxruntime-node', 'torch'],
  optionalPeers: [],
  cases: kernelCases,
}
