import { batchNorm, dropout } from '../../nn/functional/index.ts'
import { applyTaps, range, tapsFor } from '../../nn/functional/taps.ts'
import { Buffer } from '../../nn/parameter.ts'
import { ones, rand, type Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'

function batchNormalization(call: Call): readonly Tensor[] {
  const [x, weight, bias] = [call.tensor(0), call.tensor(1), call.tensor(2)]
  const [runningMean, runningVar] = [call.tensor(3), call.tensor(4)]
  if (call.int('spatial', 1) === 0) call.refuse('statistics for each position (spatial = 0)')
  const eps = call.float('epsilon', 1e-5)
  const inFile = call.flag('training_mode')
  if (!inFile && !call.training) return [batchNorm(x, { weight, bias, runningMean, runningVar, eps })]
  // In ONNX, momentum is the share of the old statistics.
  const momentum = 1 - call.float('momentum', 0.9)
  if (!inFile) {
    const updated = [runningMean, runningVar].every((tensor) => tensor instanceof Buffer)
    const running = updated ? { runningMean, runningVar } : {}
    return [batchNorm(x, { weight, bias, ...running, eps, momentum, training: true })]
  }
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]))
  const mix = (old: Tensor, batch: Tensor): Tensor => old.mul(1 - momentum).add(batch.mul(momentum))
  return [
    batchNorm(x, { weight, bias, eps, training: true }),
    mix(runningMean, x.mean(axes)),
    mix(runningVar, x.var(axes, { correction: 0 })),
  ]
}

/** Values with mean 0 and variance 1 over axes, the means and the inverse deviations. */
function standardized(x: Tensor, axes: readonly number[], eps: number): readonly [Tensor, Tensor, Tensor] {
  const mean = x.mean(axes, true)
  const centred = x.sub(mean)
  const inverse = centred.square().mean(axes, true).add(eps).rsqrt()
  return [centred.mul(inverse), mean, inverse]
}

/** A value for each channel, shaped for [n, c, ...]. */
function perChannel(values: Tensor, x: Tensor): Tensor {
  return values.reshape(x.shape.map((_, i) => (i === 1 ? -1 : 1)))
}

function from(axis: number, rank: number): number[] {
  return Array.from({ length: rank - axis }, (_, i) => axis + i)
}

function instanceNormalization(call: Call): Tensor {
  const x = call.tensor(0)
  const [y] = standardized(x, from(2, x.rank), call.float('epsilon', 1e-5))
  return y.mul(perChannel(call.tensor(1), x)).add(perChannel(call.tensor(2), x))
}

function layerNormalization(call: Call): readonly Tensor[] {
  const [x, scale, bias] = [call.tensor(0), call.tensor(1), call.optionalTensor(2)]
  const axes = from(call.axis(call.int('axis', -1), x.rank), x.rank)
  const [y, mean, inverse] = standardized(x, axes, call.float('epsilon', 1e-5))
  const scaled = y.mul(scale)
  return [bias ? scaled.add(bias) : scaled, mean, inverse]
}

function rmsNormalization(call: Call): Tensor {
  const x = call.tensor(0)
  const axes = from(call.axis(call.int('axis', -1), x.rank), x.rank)
  const inverse = x.square().mean(axes, true).add(call.float('epsilon', 1e-5)).rsqrt()
  return x.mul(inverse).mul(call.tensor(1))
}

function groupNormalization(call: Call): Tensor {
  const [x, scale, bias] = [call.tensor(0), call.tensor(1), call.tensor(2)]
  const groups = call.int('num_groups')
  const [n, channels] = x.shape as [number, number]
  if (channels % groups !== 0) call.fail(`${channels} channels do not divide into ${groups} groups`)
  const [y] = standardized(x.reshape(n, groups, -1), [2], call.float('epsilon', 1e-5))
  // Before opset 21 there was one scale and bias for each group.
  if (call.opset < 21 && scale.size === groups) {
    const along = (t: Tensor): Tensor => t.reshape(1, groups, 1)
    return y.mul(along(scale)).add(along(bias)).reshape(x.shape)
  }
  return y.reshape(x.shape).mul(perChannel(scale, x)).add(perChannel(bias, x))
}

function meanVarianceNormalization(call: Call): Tensor {
  const x = call.tensor(0)
  const axes = call.ints('axes', [0, 2, 3]).map((axis) => call.axis(axis, x.rank))
  const centred = x.sub(x.mean(axes, true))
  return centred.div(centred.square().mean(axes, true).sqrt().add(1e-9))
}

function lpNormalization(call: Call): Tensor {
  const x = call.tensor(0)
  const axis = call.axis(call.int('axis', -1), x.rank)
  if (call.int('p', 2) === 1) return x.div(x.abs().sum(axis, true))
  return x.div(x.square().sum(axis, true).sqrt())
}

function localResponseNormalization(call: Call): Tensor {
  const [x, size] = [call.tensor(0), call.int('size')]
  const [alpha, beta, bias] = [call.float('alpha', 1e-4), call.float('beta', 0.75), call.float('bias', 1)]
  const channels = x.shape[1]!
  const taps = tapsFor(`onnxResponse(${size},${alpha})`, channels, channels, (channel) => {
    const first = channel - Math.floor((size - 1) / 2)
    return range(Math.max(first, 0), Math.min(first + size, channels), alpha / size)
  })
  return x.div(applyTaps('LRN', x.square(), 1, taps).add(bias).pow(beta))
}

function dropOut(call: Call): readonly Tensor[] {
  const x = call.tensor(0)
  const ratio = call.opset < 12 ? call.float('ratio', 0.5) : call.hostNumber(1, 'the ratio', 0.5)
  const inFile = call.opset >= 12 && call.hostNumber(2, 'training_mode', 0) !== 0
  const drops = (call.training || inFile) && ratio > 0
  const wantsMask = call.node.outputs.length > 1 && call.node.outputs[1] !== ''
  if (!drops) return wantsMask ? [x, ones(x.shape, { dtype: 'bool' })] : [x]
  if (!wantsMask) return [dropout(x, ratio)]
  const mask = rand(x.shape).ge(ratio)
  return [x.mul(mask.to(x.dtype)).mul(ratio === 1 ? 0 : 1 / (1 - ratio)), mask]
}

export const normalizationOperators: Operators = {
  BatchNormalization: operator(
    1,
    batchNormalization,
    'in training the batch is normalized by its own statistics, and the running ones are updated as PyTorch does',
    [1, 2],
  ),
  InstanceNormalization: operator(1, instanceNormalization, '', [1, 2]),
  LayerNormalization: operator(17, layerNormalization, '', [1, 2]),
  RMSNormalization: operator(23, rmsNormalization, '', [1]),
  GroupNormalization: operator(18, groupNormalization, '', [1, 2]),
  MeanVarianceNormalization: operator(9, meanVarianceNormalization),
  LpNormalization: operator(1, lpNormalization),
  LRN: operator(1, localResponseNormalization),
  Dropout: operator(1, dropOut, 'drops in training; the random numbers are Ocelli’s own'),
}
