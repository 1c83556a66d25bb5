import { describe, expect, it } from 'vitest'
import * as nn from '../../src/nn/index.ts'
import { ones, stack, type Tensor, tensor, where, zeros } from '../../src/tensor/index.ts'

const { F } = nn
const x = ones([2, 3])
const other = ones([4])
const empty = zeros([2, 0])
const integers = tensor(Int32Array.of(1, 2, 3), [3])
const integerImages = tensor(new Int32Array(2 * 2 * 6 * 6), [2, 2, 6, 6])
const images = ones([2, 2, 6, 6])

describe('errors name the method that was called', () => {
  it.each<[string, () => unknown]>([
    ...(['add', 'sub', 'mul', 'div', 'pow', 'remainder', 'maximum', 'minimum'] as const).map(
      (name): [string, () => unknown] => [name, () => x[name](other)],
    ),
    ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'logicalAnd', 'logicalOr'] as const).map(
      (name): [string, () => unknown] => [name, () => x[name](other)],
    ),
    ...(['amax', 'amin', 'max', 'min', 'argmax', 'argmin'] as const).map((name): [string, () => unknown] => [
      name,
      () => empty[name](1),
    ]),
    ...(['sum', 'mean', 'var', 'std', 'prod', 'amax', 'amin', 'any', 'all'] as const).map(
      (name): [string, () => unknown] => [name, () => x[name](2)],
    ),
    ...(['max', 'min', 'argmax', 'argmin', 'cumsum', 'cummax', 'argsort', 'sort'] as const).map(
      (name): [string, () => unknown] => [name, () => x[name](2)],
    ),
    ...(['softmax', 'logSoftmax'] as const).map((name): [string, () => unknown] => [
      name,
      () => empty[name](1),
    ]),
    ['max', () => empty.max()],
    ['min', () => empty.min()],
    ['argmax', () => empty.argmax()],
    ['topk', () => x.topk(4)],
    ['matmul', () => x.matmul(other)],
    ['matmul', () => ones([2, 2, 3]).matmul(ones([4, 5]))],
    ['matmul', () => ones([2, 2, 3]).matmul(ones([3, 3, 5]))],
    ['matmul', () => integers.matmul(integers)],
    ['reshape', () => x.reshape(4)],
    ['view', () => x.view(4)],
    ['flatten', () => x.flatten(3)],
    ['squeeze', () => x.squeeze(2)],
    ['unsqueeze', () => x.unsqueeze(4)],
    ['permute', () => x.permute(0, 0)],
    ['transpose', () => x.transpose(0, 2)],
    ['t', () => other.t()],
    ['expand', () => x.expand(2, 4)],
    ['expandAs', () => x.expandAs(other)],
    ['slice', () => x.slice(5)],
    ['narrow', () => x.narrow(1, 2, 2)],
    ['select', () => x.select(1, 3)],
    ['select', () => x.select(1, 0.5)],
    ['split', () => x.split([1, 1], 1)],
    ['split', () => x.split([4, -1], 1)],
    ['chunk', () => x.chunk(2, 2)],
    ['unbind', () => x.unbind(2)],
    ['flip', () => x.flip(2)],
    ['roll', () => x.roll(1, 2)],
    ['gather', () => x.gather(1, x)],
    ['scatterAdd', () => x.scatterAdd(1, x, x)],
    ['indexSelect', () => x.indexSelect(1, other)],
    ['where', () => x.where(x, 0)],
    ['where', () => where(x.gt(0), x, other)],
    ['stack', () => stack([x, other])],
    ['stack', () => stack([])],
  ])('%s', (name, call) => {
    expect(call).toThrow(new RegExp(`^${name}[: ]`))
  })

  it('with the shapes that were given', () => {
    expect(() => ones([2, 2, 3]).matmul(ones([4, 5]))).toThrow(
      'matmul: [2, 2, 3] x [4, 5]: the inner dimensions are 3 and 4; they must be equal',
    )
    expect(() => x.narrow(1, 2, 2)).toThrow('narrow: 2 to 4 by 1 does not fit axis 1 of [2, 3]')
  })
})

describe('errors name the function that was called', () => {
  it.each<[string, () => unknown]>([
    ['avgPool2d', () => F.avgPool2d(integerImages, 2)],
    ['maxPool2d', () => F.maxPool2d(integerImages, 2)],
    ['adaptiveAvgPool2d', () => F.adaptiveAvgPool2d(integerImages, 4)],
    ['adaptiveMaxPool2d', () => F.adaptiveMaxPool2d(integerImages, 4)],
    ['adaptiveMaxPool2d', () => F.adaptiveMaxPool2d(integerImages, 3)],
    ['globalMaxPool', () => F.globalMaxPool(zeros([2, 2, 0, 3]))],
    ['localResponseNorm', () => F.localResponseNorm(integerImages, 3)],
    ['conv1d', () => F.conv1d(ones([2, 3, 8]), ones([4, 2, 3]))],
    ['conv1d', () => F.conv1d(ones([2, 3, 2]), ones([4, 3, 3]))],
    ['conv1d', () => F.conv1d(ones([2, 3, 8]), ones([4, 3, 3]), ones([3]))],
    ['conv2d', () => F.conv2d(integerImages, ones([4, 2, 3, 3]))],
    ['convTranspose2d', () => F.convTranspose2d(integerImages, ones([2, 4, 3, 3]))],
    ['convTranspose2d', () => F.convTranspose2d(images, ones([2, 4, 3, 3]), ones([3]))],
    ['linear', () => F.linear(integerImages, ones([4, 6]))],
    ['embedding', () => F.embedding(integers, ones([3]))],
    ['interpolate', () => F.interpolate(integerImages, { size: 3, mode: 'bilinear' })],
    ['unfold', () => F.unfold(integerImages, 2)],
    ['fold', () => F.fold(integers.reshape(1, 3, 1), 1, 1)],
    ['pad', () => F.pad(images, [-7, 0])],
    ['crossEntropy', () => F.crossEntropy(x, integers)],
    ['nllLoss', () => F.nllLoss(x, integers)],
    ['mseLoss', () => F.mseLoss(x, other)],
    ['binaryCrossEntropy', () => F.binaryCrossEntropy(x, x, { weight: other })],
    ['binaryCrossEntropyWithLogits', () => F.binaryCrossEntropyWithLogits(x, x, { weight: other })],
    ['binaryCrossEntropyWithLogits', () => F.binaryCrossEntropyWithLogits(x, x, { posWeight: other })],
  ])('%s', (name, call) => {
    expect(call).toThrow(new RegExp(`^${name}[: ]`))
  })

  it('and the layer in which it was', () => {
    class Net extends nn.Module {
      pool = new nn.AvgPool2d(2)
      override forward(images: Tensor): Tensor {
        return this.pool.forward(images)
      }
    }
    expect(() => new Net().forward(integerImages)).toThrow(
      'avgPool2d: needs a floating-point tensor, got int32; cast it first\n  in pool (AvgPool2d) of Net',
    )
  })
})
