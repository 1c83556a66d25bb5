import { expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { ones, ShapeError, tensor } from '../../../src/tensor/index.ts'

const image = ones([2, 3, 8, 8])
const scores = ones([2, 3])

const refused: readonly (readonly [string, () => unknown, string])[] = [
  [
    'conv2d channels',
    () => F.conv2d(image, ones([4, 2, 3, 3])),
    'has 3 channels, but the weight [4, 2, 3, 3]',
  ],
  ['conv2d bias', () => F.conv2d(image, ones([4, 3, 3, 3]), ones([3])), 'the bias must be [4]'],
  ['conv2d rank', () => F.conv2d(ones([8, 8]), ones([4, 3, 3, 3])), 'conv2d: needs images [n, channels'],
  [
    "conv2d padding 'same' with stride",
    () => F.conv2d(image, ones([4, 3, 3, 3]), null, { padding: 'same', stride: 2 }),
    "padding 'same' needs stride 1, got [2, 2]; use 'sameTensorFlow'",
  ],
  [
    'conv2d padding',
    () => F.conv2d(image, ones([4, 3, 3, 3]), null, { padding: [1, -1] }),
    'padding must be integers >= 0',
  ],
  ['conv2d small', () => F.conv2d(image, ones([4, 3, 9, 3])), 'smaller than the 9 x 3 kernel'],
  [
    'convTranspose2d outputPadding',
    () => F.convTranspose2d(image, ones([3, 4, 3, 3]), null, { outputPadding: 1 }),
    'must be smaller than stride',
  ],
  ['convTranspose2d channels', () => F.convTranspose2d(image, ones([4, 3, 3, 3])), 'takes 4'],
  ['linear', () => F.linear(image, ones([10, 192])), 'needs a weight [out, 8], got [10, 192]; flatten(1)'],
  ['maxPool2d padding', () => F.maxPool2d(image, 2, { padding: 2 }), 'at most half of the window'],
  ['maxPool2d small', () => F.maxPool2d(image, 9), 'smaller than the 9 x 9 window'],
  [
    'maxPool2d blind window',
    () => F.maxPool2d(ones([1, 1, 1, 1]), 2, { padding: 2, dilation: 3 }),
    'sees nothing but padding',
  ],
  ['avgPool2d rank', () => F.avgPool2d(scores, 2), 'avgPool2d: needs images'],
  ['adaptiveAvgPool2d', () => F.adaptiveAvgPool2d(image, 0), 'output size must be one or two integers >= 1'],
  ['groupNorm', () => F.groupNorm(image, 2), '3 channels of [2, 3, 8, 8] do not divide into 2 groups'],
  ['layerNorm', () => F.layerNorm(image, [3]), '[2, 3, 8, 8] does not end in [3]'],
  ['pad odd', () => F.pad(image, [1]), 'needs pairs of integers'],
  ['pad reflect', () => F.pad(image, [8, 0], { mode: 'reflect' }), "too much for mode 'reflect'"],
  ['pixelShuffle', () => F.pixelShuffle(image, 2), 'must be divisible by 2² = 4'],
  ['pixelUnshuffle', () => F.pixelUnshuffle(image, 3), 'must be divisible by 3'],
  ['channelShuffle', () => F.channelShuffle(image, 2), 'do not divide into 2 groups'],
  ['interpolate both', () => F.interpolate(image, { size: 4, scaleFactor: 2 }), 'either size or scaleFactor'],
  ['interpolate rank', () => F.interpolate(scores, { size: 4 }), 'with 1 to 3 axes of space'],
  [
    'interpolate alignCorners',
    () => F.interpolate(image, { size: 4, alignCorners: true }),
    "no meaning for mode 'nearest'",
  ],
  ['gridSample', () => F.gridSample(image, ones([1, 4, 4, 2])), 'gridSample: needs images'],
  ['glu', () => F.glu(image, 1), 'must have an even size'],
  ['prelu', () => F.prelu(image, ones([2])), 'needs one slope, or 3'],
  ['crossEntropy target', () => F.crossEntropy(scores, tensor(Int32Array.of(0, 1, 2))), 'must be int32 [2]'],
  ['crossEntropy soft target', () => F.crossEntropy(scores, ones([2])), 'class indices are int32 [2]'],
  [
    'crossEntropy weight',
    () => F.crossEntropy(scores, tensor(Int32Array.of(0, 1)), { weight: ones([2]) }),
    'the weight must be [3]',
  ],
  ['mseLoss', () => F.mseLoss(scores, ones([2, 1])), 'the input is [2, 3] but the target [2, 1]'],
]

test.each(refused)('%s is refused with a reason', (_, call, message) => {
  expect(call).toThrow(message)
})

test('misfits of shape are ShapeErrors', () => {
  expect(() => F.linear(scores, ones([4, 5]))).toThrow(ShapeError)
  expect(() => F.maxPool2d(image, 9)).toThrow(ShapeError)
})
