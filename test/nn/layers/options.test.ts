import { expect, it } from 'vitest'
import * as nn from '../../../src/nn/index.ts'
import { ones } from '../../../src/tensor/index.ts'

const { F } = nn
const wrong = (options: object): never => options as never
const image = ones([1, 2, 4, 4])

it.each<[string, () => unknown]>([
  [
    "Conv2d: there is no option 'pading' (given as 1); did you mean padding? It has stride, padding, dilation, groups, bias",
    () => new nn.Conv2d(3, 4, 3, wrong({ pading: 1 })),
  ],
  [
    "Conv2d: padding must be 'valid', 'same' or 'sameTensorFlow', got 'smae'; did you mean same?",
    () => new nn.Conv2d(3, 4, 3, wrong({ padding: 'smae' })),
  ],
  ['Conv2d: padding must be integers >= 0', () => new nn.Conv2d(3, 4, 3, { padding: -1 })],
  [
    "Conv2d: paddingMode must be 'zeros', 'reflect'",
    () => new nn.Conv2d(3, 4, 3, wrong({ paddingMode: 'zero' })),
  ],
  ['Conv2d: bias must be true or false, got 0', () => new nn.Conv2d(3, 4, 3, wrong({ bias: 0 }))],
  [
    "Conv1d: padding must be 'valid' or 'same'",
    () => new nn.Conv1d(3, 4, 3, wrong({ padding: 'sameTensorFlow' })),
  ],
  [
    "ConvTranspose2d: there is no option 'output_padding'",
    () => new nn.ConvTranspose2d(3, 4, 3, wrong({ output_padding: 1 })),
  ],
  [
    "Linear: there is no option 'bais' (given as false); did you mean bias?",
    () => new nn.Linear(3, 4, wrong({ bais: false })),
  ],
  ['Linear: outFeatures must be an integer >= 1, got 0', () => new nn.Linear(3, 0)],
  ["BatchNorm2d: there is no option 'epsilon'", () => new nn.BatchNorm2d(3, wrong({ epsilon: 1 }))],
  ["BatchNorm1d: eps must be a number, got '1'", () => new nn.BatchNorm1d(3, wrong({ eps: '1' }))],
  ["InstanceNorm2d: there is no option 'afine'", () => new nn.InstanceNorm2d(3, wrong({ afine: true }))],
  [
    "GroupNorm: there is no option 'elementwiseAffine'",
    () => new nn.GroupNorm(1, 3, wrong({ elementwiseAffine: true })),
  ],
  ["LayerNorm: there is no option 'affine'", () => new nn.LayerNorm(3, wrong({ affine: true }))],
  ["LocalResponseNorm: there is no option 'size'", () => new nn.LocalResponseNorm(5, wrong({ size: 3 }))],
  [
    "MaxPool2d: there is no option 'ceil_mode' (given as true); did you mean ceilMode?",
    () => new nn.MaxPool2d(2, wrong({ ceil_mode: true })),
  ],
  ["AvgPool2d: there is no option 'dilation'", () => new nn.AvgPool2d(2, wrong({ dilation: 2 }))],
  ["Upsample: mode must be 'nearest'", () => new nn.Upsample(wrong({ size: 2, mode: 'bilinaer' }))],
  ["Unfold: there is no option 'groups'", () => new nn.Unfold(2, wrong({ groups: 2 }))],
  ["Fold: there is no option 'groups'", () => new nn.Fold(4, 2, wrong({ groups: 2 }))],
  [
    "StochasticDepth: mode must be 'row' or 'batch', got 'rows'",
    () => new nn.StochasticDepth(0.1, wrong('rows' as never)),
  ],
  ["GELU: approximate must be 'none' or 'tanh', got 'fast'", () => new nn.GELU(wrong('fast' as never))],
  [
    "CrossEntropyLoss: there is no option 'smoothing'",
    () => new nn.CrossEntropyLoss(wrong({ smoothing: 0.1 })),
  ],
  [
    "MSELoss: reduction must be 'none', 'mean' or 'sum', got 'avg'",
    () => new nn.MSELoss(wrong({ reduction: 'avg' })),
  ],
])('a layer refuses when it is made: %s', (message, make) => {
  expect(make).toThrow(message)
})

it.each<[string, () => unknown]>([
  [
    "conv2d: there is no option 'bias'",
    () => F.conv2d(image, ones([1, 2, 3, 3]), null, wrong({ bias: true })),
  ],
  [
    "conv2d: padding must be 'valid'",
    () => F.conv2d(image, ones([1, 2, 3, 3]), null, wrong({ padding: 'full' })),
  ],
  ["avgPool2d: there is no option 'dilation'", () => F.avgPool2d(image, 2, wrong({ dilation: 2 }))],
  ["interpolate: mode must be 'nearest'", () => F.interpolate(image, wrong({ size: 2, mode: 'cubic' }))],
  [
    "gridSample: paddingMode must be 'zeros'",
    () => F.gridSample(image, ones([1, 2, 2, 2]), wrong({ paddingMode: 'reflect' })),
  ],
  ["gelu: approximate must be 'none' or 'tanh'", () => F.gelu(image, wrong({ approximate: true }))],
  ["pad: mode must be 'constant'", () => F.pad(image, [1, 1], wrong({ mode: 'mirror' }))],
  ["dropout: there is no option 'p'", () => F.dropout(image, 0.5, wrong({ p: 0.1 }))],
  [
    "klDiv: reduction must be 'none', 'mean', 'sum' or 'batchmean'",
    () => F.klDiv(image, image, wrong({ reduction: 'batch' })),
  ],
])('a function refuses: %s', (message, call) => {
  expect(call).toThrow(message)
})

it('undefined counts as not given', () => {
  expect(String(new nn.Conv2d(3, 4, 3, wrong({ padding: undefined })))).toContain('Conv2d(3, 4')
})
